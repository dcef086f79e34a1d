import numpy as np
import pytest

from recognition.evaluation.temperature import RANGE, fit_temperature, rescale


def softmax(logits):
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def calibrated(images, classes, seed=0, scale=2.0):
    """Logits whose softmax is the true distribution of the labels drawn from it."""
    generator = np.random.default_rng(seed)
    logits = scale * generator.normal(size=(images, classes))
    labels = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)
    return logits, labels


def loss_at(logits, labels, temperature):
    return -np.log(softmax(logits / temperature)[np.arange(len(labels)), labels]).mean()


@pytest.mark.parametrize("classes", [2, 10, 100])
@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_a_known_temperature_is_found(classes, factor):
    logits, labels = calibrated(20_000, classes)
    found = fit_temperature(softmax(factor * logits).astype(np.float32), labels)
    assert found == pytest.approx(factor, rel=0.05)


def test_no_temperature_of_a_fine_grid_is_better():
    logits, labels = calibrated(500, 5)
    found = fit_temperature(softmax(1.7 * logits).astype(np.float32), labels)
    best = min(loss_at(1.7 * logits, labels, temperature) for temperature in np.geomspace(*RANGE, 2000))
    assert loss_at(1.7 * logits, labels, found) <= best + 1e-6


def test_more_images_than_a_block():
    logits, labels = calibrated(300, 4)
    probabilities = softmax(2 * logits).astype(np.float32)
    many = np.tile(probabilities, (60, 1)), np.tile(labels, 60)
    assert fit_temperature(*many) == pytest.approx(fit_temperature(probabilities, labels), rel=1e-3)


def test_a_perfect_predictor_keeps_its_temperature():
    assert fit_temperature(np.array([[0.9, 0.1], [0.3, 0.7]], np.float32), np.array([0, 1])) == 1.0


def test_a_single_class_and_answers_that_are_all_alike_keep_their_temperature():
    assert fit_temperature(np.ones((3, 1), np.float32), np.zeros(3, np.int64)) == 1.0
    assert fit_temperature(np.full((4, 4), 0.25, np.float32), np.arange(4)) == 1.0


def test_a_certain_predictor_that_is_always_wrong_gets_the_highest():
    probabilities = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    assert fit_temperature(probabilities, np.array([2, 2])) == pytest.approx(RANGE[1], rel=1e-3)


def test_zeros_for_the_truth_give_a_finite_answer():
    probabilities = np.repeat(np.array([[1, 0], [0, 1]], np.float32), 50, axis=0)
    labels = np.repeat([0, 1], 50)
    labels[0] = 1
    found = fit_temperature(probabilities, labels)  # right in 99 of 100, so that 99 % is what certainty should mean
    assert rescale(np.maximum(probabilities, np.finfo(np.float32).tiny), found).max() == pytest.approx(0.99, abs=1e-3)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_rescaling_divides_the_logits(temperature):
    logits, _ = calibrated(50, 7)
    scaled = rescale(softmax(logits).astype(np.float32), temperature)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled, softmax(logits / temperature), rtol=1e-4, atol=1e-7)


def test_rescaling_keeps_zeros_and_undoes_itself():
    probabilities = np.array([[1, 0, 0], [0.5, 0.5, 0], [1 - 1e-6, 1e-6, 1e-30]], np.float32)
    np.testing.assert_array_equal(rescale(probabilities, 4.0)[:2], probabilities[:2])
    np.testing.assert_allclose(rescale(rescale(probabilities, 4.0), 0.25), probabilities, rtol=1e-4)


def test_rescaling_underflows_to_certainty_not_to_nothing():
    tiny = np.float32(np.finfo(np.float32).tiny)
    np.testing.assert_array_equal(rescale(np.array([[1, tiny]], np.float32), 0.05), [[1, 0]])
