import keras
import numpy as np
import pytest

from recognition.training.muon import COEFFICIENTS, EPSILON, HEAD, OTHERS, STEPS, Muon, orthogonalized


def reference(matrix):
    """Newton–Schulz in float64, as its authors write it."""
    a, b, c = COEFFICIENTS
    x = matrix.astype(np.float64)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    x = x / (np.linalg.norm(x) + EPSILON)
    for _ in range(STEPS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


def made(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(24, 8), (8, 24), (16, 16)])
def test_orthogonalized_agrees_with_the_reference(shape):
    matrix = made(shape)
    np.testing.assert_allclose(np.asarray(orthogonalized(matrix)), reference(matrix), atol=1e-5)


def test_singular_vectors_stay_and_values_come_near_one():
    matrix = made((48, 16))
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    result = left.T @ np.asarray(orthogonalized(matrix)) @ right.T
    np.testing.assert_allclose(result - np.diag(np.diag(result)), 0, atol=1e-4)
    assert values.max() / values.min() > 2
    assert np.diag(result).min() > 0.5
    assert np.diag(result).max() < 1.3


def stepped(shape, rate=0.1, momentum=0.6, steps=3):
    """A variable after some steps, and the gradients that it was given."""
    variable, gradients = keras.Variable(made(shape)), [made(shape, seed) for seed in range(1, steps + 1)]
    optimizer = Muon(rate, momentum)
    optimizer.build([variable])
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    return variable.numpy(), gradients


def nesterov(gradients, momentum=0.6):
    average = 0.0
    for gradient in gradients:
        average = momentum * average + gradient
        yield gradient + momentum * average


@pytest.mark.parametrize(("shape", "factor"), [((5, 3), HEAD), ((7,), OTHERS)])
def test_what_is_no_convolution_takes_nesterov_steps(shape, factor):
    after, gradients = stepped(shape)
    expected = made(shape) - sum(0.1 * factor * step for step in nesterov(gradients))
    np.testing.assert_allclose(after, expected, rtol=1e-4, atol=1e-5)


def test_convolutions_take_orthogonal_steps_from_unit_filters():
    shape = (3, 3, 4, 8)
    after, gradients = stepped(shape)
    expected = made(shape)
    for step in nesterov(gradients):
        orthogonal = reference(step.reshape(-1, 8)).reshape(shape)
        expected = expected * np.sqrt(8) / np.linalg.norm(expected) - 0.1 * orthogonal
    np.testing.assert_allclose(after, expected, atol=1e-4)


def test_bfloat16_is_precise_enough_for_the_step():
    shape, gradient = (3, 3, 4, 8), keras.ops.convert_to_tensor(made((3, 3, 4, 8), 1))
    after = []
    for dtype in ("float32", "bfloat16"):
        variable = keras.Variable(made(shape))
        optimizer = Muon(0.1, 0.6, dtype=dtype)
        optimizer.build([variable])
        optimizer.apply([gradient], [variable])
        after.append(variable.numpy())
    assert not np.array_equal(*after)
    np.testing.assert_allclose(after[1], after[0], atol=0.1 * 0.05)
