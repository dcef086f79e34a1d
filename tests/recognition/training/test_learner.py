import keras
import numpy as np
import pytest
import tensorflow as tf

from recognition.augmentation.plan import resolve_plan
from recognition.augmentation.preprocessing import build_preprocessing
from recognition.augmentation.transform import step_seed
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.errors import TrainingError
from recognition.training.device import Device
from recognition.training.initialization import Initial
from recognition.training.learner import Learner
from recognition.training.weights_file import leaves, read_weights
from tests.recognition.training.samples import cross_entropy, recipe

SEED = step_seed(0, 0, 0)


def cpu(precision="float32"):
    return Device("cpu", "/CPU:0", precision, "")


@pytest.fixture(scope="module")
def still_plan(dataset):
    """Normalizes and moves nothing."""
    return resolve_plan(AugmentationConfig(featurewise_center=True), dataset.splits["train"])


@pytest.fixture
def batch(dataset):
    split = dataset.splits["train"]
    return split.images[:32], split.labels[:32], np.ones(32, np.float32)


def logits_by_hand(learner, plan, images):
    return learner.network(build_preprocessing(plan)(images), training=False).numpy()


@pytest.mark.usefixtures("tiny")
def test_a_batch_is_learned(dataset, plan, batch):
    learner = Learner(dataset, plan, recipe(), cpu())
    losses = [float(learner.train_step(*batch, step_seed(0, 0, step))[0]) for step in range(30)]
    assert np.mean(losses[-5:]) < 0.5 * losses[0]


@pytest.mark.usefixtures("tiny")
def test_memory_that_runs_out_names_the_batch_size(dataset, plan, batch, monkeypatch):
    def exhaust(*arguments):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    learner = Learner(dataset, plan, recipe(batch_size=20), cpu())
    monkeypatch.setattr(learner.train_step, "compiled", exhaust)
    with pytest.raises(TrainingError, match="out of memory at a batch size of 20") as caught:
        learner.train_step(*batch, SEED)
    assert caught.value.remedy == "--set train.batch_size=10 --set train.accumulate=2"


@pytest.mark.usefixtures("tiny")
def test_scores_are_those_of_the_network_and_change_nothing(dataset, plan, batch):
    learner = Learner(dataset, plan, recipe(label_smoothing=0.5), cpu())
    images, labels, _ = batch
    before = learner.weights()
    loss, predicted = learner.score(images, labels)
    for ours, theirs in zip(learner.weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    logits = logits_by_hand(learner, plan, images)
    assert float(loss) == pytest.approx(cross_entropy(logits, labels).sum(), rel=1e-5)
    np.testing.assert_array_equal(predicted, logits.argmax(axis=1))


@pytest.mark.usefixtures("tiny")
def test_a_step_tells_the_likelihood_without_smoothing(dataset, still_plan, batch, monkeypatch):
    monkeypatch.setattr(keras.layers.Dropout, "call", lambda self, inputs, training=False: inputs)
    learner = Learner(dataset, still_plan, recipe(label_smoothing=0.5), cpu())
    images, labels, weights = batch
    logits = learner.network(build_preprocessing(still_plan)(images), training=True).numpy()
    learner.load_weights(Learner(dataset, still_plan, recipe(), cpu()).weights())
    loss, hits = learner.train_step(images, labels, weights, SEED)
    assert float(loss) == pytest.approx(cross_entropy(logits, labels).sum(), rel=1e-4)
    assert float(hits) == (logits.argmax(axis=1) == labels).sum()


@pytest.mark.usefixtures("tiny")
def test_smoothing_holds_certainty_back(dataset, still_plan, batch):
    def certainty(smoothing):
        learner = Learner(dataset, still_plan, recipe(label_smoothing=smoothing), cpu())
        for step in range(40):
            learner.train_step(*batch, step_seed(0, 0, step))
        return tf.nn.softmax(logits_by_hand(learner, still_plan, batch[0])).numpy().max(axis=1).mean()

    assert certainty(0.5) < 0.75 < certainty(0)


def weights_after(dataset, plan, batch, **changes):
    learner = Learner(dataset, plan, recipe(label_smoothing=0.1, **changes), cpu())
    learner.train_step(*batch, SEED)
    return learner.weights()


@pytest.mark.usefixtures("tiny")
def test_a_class_counts_as_its_images_do_and_a_weight_of_one_changes_nothing(dataset, plan, batch):
    ones = dict.fromkeys(dataset.classes, 1.0)
    plain, weighted = (weights_after(dataset, plan, batch, **keys) for keys in ({}, {"class_weights": ones}))
    for one, other in zip(weighted, plain, strict=True):
        np.testing.assert_array_equal(one, other)
    images, labels, _ = batch
    by_image = images, labels, np.where(labels == 3, 5, 1).astype(np.float32)
    name = dataset.classes[3]
    ours = weights_after(dataset, plan, batch, class_weights={name: 5.0})
    theirs = weights_after(dataset, plan, by_image)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert any(np.abs(one - other).max() > 1e-2 for one, other in zip(ours, plain, strict=True))


@pytest.mark.usefixtures("tiny")
def test_images_of_no_weight_teach_nothing(dataset, still_plan, batch):
    learner = Learner(dataset, still_plan, recipe(momentum=0.0), cpu())
    before = [variable.numpy() for variable in learner.network.trainable_variables]
    learner.train_step(*batch[:2], np.zeros(32, np.float32), SEED)
    for variable, value in zip(learner.network.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.usefixtures("tiny")
def test_mixed_images_are_learned(dataset, batch):
    mixing = resolve_plan(AugmentationConfig(mixup=1.0), dataset.splits["train"])
    learner = Learner(dataset, mixing, recipe(class_weights="sqrt", label_smoothing=0.1), cpu())
    losses, hits = np.transpose([learner.train_step(*batch, step_seed(0, 0, step)) for step in range(60)])
    assert losses[-5:].mean() < 0.75 * losses[0]
    assert hits[-5:].mean() > 16


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(("optimizer", "precision"), [("sgd", "float32"), ("adam", "mixed_float16")])
def test_a_learner_goes_on_from_a_state_which_is_a_copy(dataset, plan, batch, optimizer, precision):
    config = recipe(optimizer=optimizer, learning_rate=0.01)
    learner = Learner(dataset, plan, config, cpu(precision))
    learner.train_step(*batch, SEED)
    state = learner.state()
    kept = {name: [array.copy() for array in arrays] for name, arrays in state.items()}
    expected = [float(learner.train_step(*batch, SEED)[0]) for _ in range(3)]
    for name, arrays in kept.items():
        for now, before in zip(state[name], arrays, strict=True):
            np.testing.assert_array_equal(now, before)
    other = Learner(dataset, plan, config.model_copy(update={"seed": 1}), cpu(precision))
    other.load_state(state)
    assert [float(other.train_step(*batch, SEED)[0]) for _ in range(3)] == pytest.approx(expected, rel=1e-5)


@pytest.mark.usefixtures("tiny")
def test_the_seed_decides_the_first_weights(dataset, plan):
    first, same, other = (Learner(dataset, plan, recipe(seed=seed), cpu()).weights()[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


@pytest.mark.usefixtures("tiny")
def test_the_learning_rate_can_be_set(dataset, plan):
    learner = Learner(dataset, plan, recipe(), cpu("mixed_float16"))
    learner.learning_rate = 0.025
    assert learner.learning_rate == pytest.approx(0.025)


@pytest.mark.usefixtures("tiny")
def test_the_inference_model_is_preprocessing_network_and_softmax(dataset, plan, batch):
    learner = Learner(dataset, plan, recipe(), cpu())
    learner.train_step(*batch, SEED)
    model = learner.inference_model()
    images = dataset.splits["validation"].images
    assert model.inputs[0].dtype == "uint8"
    assert not model.compiled
    answers = model(images).numpy()
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, tf.nn.softmax(logits_by_hand(learner, plan, images)), atol=1e-6)


@pytest.mark.usefixtures("tiny")
def test_a_model_that_averages_sees_mirrored_images_alike(dataset, plan, batch):
    learner = Learner(dataset, plan, recipe(average_mirrored=True), cpu())
    learner.train_step(*batch, SEED)
    split = dataset.splits["validation"]
    answers = learner.inference_model()(split.images).numpy()
    np.testing.assert_allclose(learner.inference_model()(split.images[:, :, ::-1]).numpy(), answers, atol=1e-6)
    logits = [logits_by_hand(learner, plan, images) for images in (split.images, split.images[:, :, ::-1])]
    assert not np.allclose(*logits, atol=1e-3)
    np.testing.assert_allclose(answers, tf.nn.softmax(np.mean(logits, axis=0)), atol=1e-6)
    loss, predicted = learner.score(split.images, split.labels)
    assert float(loss) == pytest.approx(cross_entropy(np.mean(logits, axis=0), split.labels).sum(), rel=1e-5)
    np.testing.assert_array_equal(predicted, answers.argmax(axis=1))


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_learns_with_logits_in_float32(dataset, plan, batch, precision):
    before = keras.config.dtype_policy()
    learner = Learner(dataset, plan, recipe(), cpu(precision))
    assert keras.config.dtype_policy() == before
    assert learner.network.output.dtype == "float32"
    assert learner.network.layers[1].compute_dtype == precision.removeprefix("mixed_")
    losses = [float(learner.train_step(*batch, step_seed(0, 0, step))[0]) for step in range(6)]
    assert losses[-1] < losses[0]
    model = learner.inference_model()
    assert {layer.compute_dtype for layer in leaves(model)} == {"float32"}
    answers = model(batch[0]).numpy()
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    _, predicted = learner.score(batch[0], batch[1])
    assert np.mean(answers.argmax(axis=1) == predicted.numpy()) > 0.9


def test_the_fast_network_is_whitened_by_what_it_will_see(dataset, plan):
    learner = Learner(dataset, plan, recipe(), cpu())
    patches = learner.network.get_layer("whitening")(build_preprocessing(plan)(dataset.splits["train"].images))
    white = patches.numpy()[..., :4].reshape(-1, 4)
    np.testing.assert_allclose(white.T @ white / len(white), np.eye(4), atol=0.01)


def test_smaller_images_are_learned_too(dataset, plan, batch):
    learner = Learner(dataset, plan, recipe(network="fast"), cpu())
    before = learner.weights()
    loss, _ = learner.train_step(*batch, SEED, 12)
    other, _ = learner.train_step(*batch, SEED)
    assert np.isfinite([float(loss), float(other)]).all()
    assert any(not np.array_equal(one, two) for one, two in zip(before, learner.weights(), strict=True))


def fine_tuned(dataset, plan, source, classes, **changes):
    begin = Initial(read_weights(source), classes)
    return Learner(dataset, plan, recipe(network="fast", init="file", **changes), cpu(), initial=begin)


@pytest.fixture(scope="module")
def source(dataset, plan, tmp_path_factory):
    """The file of a network that has learned a little."""
    learner = Learner(dataset, plan, recipe(network="fast", seed=7), cpu())
    split = dataset.splits["train"]
    for step in range(3):
        learner.train_step(split.images[:32], split.labels[:32], np.ones(32, np.float32), step_seed(0, 0, step))
    path = tmp_path_factory.mktemp("source") / "model.keras"
    learner.inference_model().save(path)
    return path, learner.weights()


def test_a_network_begins_with_what_a_file_holds(dataset, plan, source):
    path, weights = source
    learner = fine_tuned(dataset, plan, path, dataset.classes)
    assert learner.loaded.kept_classes == dataset.classes
    for ours, theirs in zip(learner.weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_frozen_body_keeps_its_weights_until_it_thaws(dataset, plan, source, batch):
    learner = fine_tuned(dataset, plan, source[0], dataset.classes, freeze=True, unfreeze_at=3, accumulate=2, ema=0.9)
    begin = learner.weights()

    def changed(epoch):
        learner.begin(epoch)
        before = learner.weights()
        for complete in (False, True):
            learner.train_step(*batch, SEED, None, complete)
        return sum((old != new).any() for old, new in zip(before, learner.weights(), strict=True))

    assert (changed(1), changed(2)) == (1, 1)
    assert changed(3) > 10
    np.testing.assert_array_equal(begin[0], learner.weights()[0])  # the whitening never learns


@pytest.fixture
def eagerly():
    """Steps without a graph, which takes longer to make than one step to run."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("eagerly")
def test_layers_further_from_the_head_learn_more_slowly(dataset, plan, source, batch):
    def moves(decay):
        learner = fine_tuned(dataset, plan, source[0], dataset.classes, layer_decay=decay, learning_rate=1e-3)
        before = learner.network.layers[3].get_weights()[0]
        head = learner.network.get_layer("head").get_weights()[0]
        learner.train_step(*batch, SEED)
        after = learner.network.layers[3].get_weights()[0]
        return np.abs(after - before).mean(), np.abs(learner.network.get_layer("head").get_weights()[0] - head).mean()

    (body, head), (slow_body, same_head) = moves(None), moves(0.5)
    assert same_head == pytest.approx(head, rel=1e-4)
    assert slow_body == pytest.approx(body * 0.5**6, rel=1e-2)
