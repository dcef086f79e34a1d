import dataclasses
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from recognition.augmentation.preprocessing import build_preprocessing
from recognition.errors import TrainingError
from recognition.training.checkpoint import load_checkpoint
from recognition.training.listener import TrainingListener
from recognition.training.task import Task
from recognition.training.train import train
from tests.recognition.training.samples import recipe, tiny_network

ROOT = Path(__file__).resolve().parents[3]
LOADS_ALONE = """
import sys

class Refusal:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("recognition", "operations", "materializers", "steps", "pipelines"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refusal())
import keras, numpy as np
model = keras.saving.load_model("model.keras", safe_mode=True)
np.save("answers.npy", model.predict(np.load("images.npy"), verbose=0))
"""


class Notes(TrainingListener):
    """Writes down what it hears."""

    def __init__(self):
        self.said, self.steps, self.epochs = [], [], []

    def log(self, text):
        self.said.append(text)

    def on_step(self, images, total, images_per_second):
        self.steps.append((images, total, images_per_second))

    def on_epoch(self, epoch):
        self.epochs.append(epoch)


@pytest.fixture
def scripted(monkeypatch):
    """A function: metric and loss of each validation to come -> the weights that each of them saw."""

    def script(*scores):
        seen, waiting = [], list(scores)

        def validate(learner, split, metric):
            seen.append(learner.weights())
            score, loss = waiting.pop(0)
            return loss, 0.5, score

        monkeypatch.setattr("recognition.training.epoch._validate", validate)
        return seen

    return script


@pytest.fixture(scope="module")
def trained(dataset, plan, tmp_path_factory):
    """A training of the tiny network, its listener, and the folder of its checkpoints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recognition.training.learner.build_network", tiny_network)
        folder, notes = tmp_path_factory.mktemp("checkpoints"), Notes()
        unread = dataclasses.replace(dataset, splits={**dataset.splits, "test": None})
        yield train(Task(unread, plan, recipe(epochs=6, batch_size=20), "accuracy"), folder, notes), notes, folder


def test_the_network_learns_and_the_test_split_is_not_read(trained):
    epochs = trained[0].history.epochs
    assert epochs[-1].train_loss < 0.7 * epochs[0].train_loss
    assert max(epoch.validation_accuracy for epoch in epochs) > 0.5


def test_the_history_tells_what_happened(trained):
    history = trained[0].history
    assert history.epochs == tuple(trained[1].epochs)
    assert [epoch.epoch for epoch in history.epochs] == [1, 2, 3, 4, 5, 6]
    assert (history.network, history.device, history.precision) == ("fast", "cpu", "float32")
    assert (history.seed, history.resumed_from) == (0, None)
    assert history.parameters == trained[0].model.get_layer("tiny").count_params()
    assert history.best.validation_accuracy == max(epoch.validation_accuracy for epoch in history.epochs)
    assert history.metric == "accuracy"
    assert all(epoch.validation_score == epoch.validation_accuracy for epoch in history.epochs)


def test_every_step_is_heard_in_whole_batches(trained):
    steps = trained[1].steps
    assert [images for images, _, _ in steps] == list(range(20, 481, 20))
    assert {total for _, total, _ in steps} == {480}
    assert min(speed for _, _, speed in steps) > 0


def test_the_device_and_why_is_said_first(trained):
    assert trained[1].said[0].startswith("training on cpu (")


def test_the_last_checkpoint_stays(trained):
    checkpoint = load_checkpoint(trained[2])
    assert checkpoint.epochs == trained[0].history.epochs
    assert checkpoint.best_epoch == trained[0].history.best_epoch


def test_validation_is_scored_on_every_image(trained, dataset):
    split = dataset.splits["validation"]
    answers = trained[0].model(split.images).numpy()
    best = trained[0].history.best
    assert best.validation_accuracy == pytest.approx((answers.argmax(axis=1) == split.labels).mean())
    loss = -np.log(answers[np.arange(len(split)), split.labels]).mean()
    assert best.validation_loss == pytest.approx(loss, rel=1e-4)


def test_the_model_answers_as_preprocessing_network_and_softmax_do(trained, dataset, plan):
    model, images = trained[0].model, dataset.splits["validation"].images
    network = model.get_layer("tiny")
    expected = tf.nn.softmax(network(build_preprocessing(plan)(images), training=False))
    assert model.inputs[0].dtype == "uint8"
    np.testing.assert_allclose(model(images), expected, atol=1e-6)


def test_the_model_consists_of_built_in_layers(trained, tmp_path):
    trained[0].model.save(tmp_path / "model.keras")
    config = zipfile.ZipFile(tmp_path / "model.keras").read("config.json").decode()
    classes = []

    def visit(node):
        classes.append((node.get("module") or "keras", node.get("registered_name"))) if "class_name" in node else None
        return node

    json.loads(config, object_hook=visit)
    assert classes
    assert all(module.partition(".")[0] == "keras" for module, _ in classes)
    assert not [name for _, name in classes if name and ">" in name]
    assert "Lambda" not in config


def test_the_model_loads_in_a_fresh_process_without_our_code(trained, dataset, tmp_path):
    images = dataset.splits["validation"].images[:20]
    trained[0].model.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", images)
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-I", "-c", LOADS_ALONE], cwd=tmp_path, env=environment, check=True, timeout=120)
    np.testing.assert_allclose(np.load(tmp_path / "answers.npy"), trained[0].model(images), atol=1e-6)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("scores", "best"),
    [
        ([(0.5, 1.0), (0.9, 1.0), (0.2, 1.0)], 2),
        ([(0.9, 1.0), (0.5, 1.0), (0.2, 0.1)], 1),
        ([(0.2, 1.0), (0.5, 1.0), (0.9, 9.0)], 3),
        ([(0.5, 1.0), (0.5, 0.5), (0.5, 0.7)], 2),
    ],
)
def test_the_epoch_that_validates_best_is_kept(dataset, plan, scripted, tmp_path, scores, best):
    seen = scripted(*scores)
    result = train(Task(dataset, plan, recipe(), "accuracy"), tmp_path)
    assert result.history.best_epoch == best
    for ours, theirs in zip(result.model.get_layer("tiny").variables, seen[best - 1], strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)
    assert any((last != kept).any() for last, kept in zip(seen[2], seen[best - 1], strict=True)) is (best != 3)


@pytest.mark.usefixtures("tiny")
def test_a_resumed_training_still_knows_its_best_epoch_and_stops_as_early(dataset, plan, scripted, tmp_path):
    seen = scripted((0.9, 1.0), (0.5, 1.0), (0.4, 1.0))
    train(Task(dataset, plan, recipe(epochs=2, patience=2), "accuracy"), tmp_path)
    notes = Notes()
    result = train(Task(dataset, plan, recipe(epochs=4, patience=2), "accuracy"), tmp_path, notes)
    assert (result.history.best_epoch, result.history.resumed_from, len(result.history.epochs)) == (1, 2, 3)
    assert "resuming after epoch 2 of 4 from its checkpoint" in notes.said
    assert notes.said[-1] == "stopped after epoch 3: no better accuracy since epoch 1"
    assert [epoch.epoch for epoch in notes.epochs] == [3]
    for ours, theirs in zip(result.model.get_layer("tiny").variables, seen[0], strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("patience", "scores", "epochs", "best"),
    [
        (2, [0.5, 0.6, 0.4, 0.3, 0.9], 4, 2),
        (2, [0.5, 0.4, 0.5, 0.4, 0.4], 5, 3),
        (4, [0.5, 0.4, 0.4, 0.4, 0.4], 5, 1),
        (None, [0.5, 0.4, 0.4, 0.4, 0.4], 5, 1),
    ],
)
def test_training_stops_where_patience_ends(dataset, plan, scripted, tmp_path, patience, scores, epochs, best):
    seen, notes = scripted(*((score, 1.0) for score in scores)), Notes()
    result = train(Task(dataset, plan, recipe(epochs=5, patience=patience), "macro_f1"), tmp_path, notes)
    assert (len(result.history.epochs), result.history.best_epoch) == (epochs, best)
    stops = [sentence for sentence in notes.said if sentence.startswith("stopped")]
    told = f"stopped after epoch {epochs}: no better macro F1 since epoch {best}"
    assert stops == ([told] if epochs < 5 else [])
    for ours, theirs in zip(result.model.get_layer("tiny").variables, seen[best - 1], strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs)


@pytest.mark.usefixtures("tiny")
def test_a_training_that_was_stopped_early_stays_stopped(dataset, plan, scripted, tmp_path):
    scripted((0.5, 1.0), (0.4, 1.0))
    config, notes = recipe(epochs=9, patience=1), Notes()
    first = train(Task(dataset, plan, config, "accuracy"), tmp_path)
    again = train(Task(dataset, plan, config, "accuracy"), tmp_path, notes)
    assert again.history == first.history.model_copy(update={"resumed_from": 2})
    assert "stopped after epoch 2: no better accuracy since epoch 1" in notes.said


@pytest.mark.usefixtures("tiny")
def test_the_metric_in_charge_decides(dataset, plan, tmp_path):
    history = train(Task(dataset, plan, recipe(), "balanced_accuracy"), tmp_path).history
    assert history.metric == "balanced_accuracy"
    assert history.best.validation_score == max(epoch.validation_score for epoch in history.epochs)
    assert any(epoch.validation_score != epoch.validation_accuracy for epoch in history.epochs)


@pytest.mark.usefixtures("tiny")
def test_class_weights_are_told(dataset, plan, tmp_path):
    notes = Notes()
    train(Task(dataset, plan, recipe(epochs=1, class_weights="balanced"), "accuracy"), tmp_path, notes)
    assert notes.said[1].startswith("class weights from ")


@pytest.mark.usefixtures("tiny")
def test_a_training_that_was_done_already_trains_nothing(dataset, plan, scripted, tmp_path):
    scripted((0.9, 1.0))
    first = train(Task(dataset, plan, recipe(epochs=1), "accuracy"), tmp_path)
    again = train(Task(dataset, plan, recipe(epochs=1), "accuracy"), tmp_path)
    assert again.history == first.history.model_copy(update={"resumed_from": 1})


@pytest.mark.usefixtures("tiny")
def test_checkpoints_are_written_within_an_epoch_that_takes_long(dataset, plan, tmp_path, monkeypatch):
    saved = []
    monkeypatch.setattr("recognition.training.trainer_state.save_checkpoint", lambda folder, each: saved.append(each))
    train(Task(dataset, plan, recipe(epochs=1, batch_size=32), "accuracy"), tmp_path, every_seconds=0)
    assert [each.progress.batches for each in saved] == [1, 2, 0]
    saved.clear()
    train(Task(dataset, plan, recipe(epochs=1, batch_size=32), "accuracy"), tmp_path)
    assert [each.progress.batches for each in saved] == [0]


@pytest.mark.usefixtures("tiny")
def test_a_damaged_checkpoint_costs_one_epoch(dataset, plan, tmp_path):
    first = train(Task(dataset, plan, recipe(epochs=2), "accuracy"), tmp_path)
    max(tmp_path.glob("*.npz")).write_bytes(b"damaged")
    notes = Notes()
    again = train(Task(dataset, plan, recipe(epochs=2), "accuracy"), tmp_path, notes)
    assert any("is damaged" in sentence for sentence in notes.said)
    assert again.history.resumed_from == 1
    assert again.history.epochs[0] == first.history.epochs[0]


@pytest.mark.usefixtures("tiny")
def test_averaged_weights_are_validated_and_kept(dataset, plan, tmp_path):
    own, averaged = (
        train(Task(dataset, plan, recipe(schedule="constant", ema=ema), "accuracy"), tmp_path / str(ema))
        for ema in (None, 0.9)
    )
    assert [epoch.train_loss for epoch in averaged.history.epochs] == pytest.approx(
        [epoch.train_loss for epoch in own.history.epochs], rel=1e-5
    )
    assert averaged.history.epochs[-1].validation_loss != own.history.epochs[-1].validation_loss
    split, best = dataset.splits["validation"], averaged.history.best
    answers = averaged.model(split.images).numpy()
    loss = -np.log(answers[np.arange(len(split)), split.labels]).mean()
    assert best.validation_loss == pytest.approx(loss, rel=1e-4)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("rate", [1e4, 1e30])
def test_divergence_names_epoch_and_learning_rate(dataset, plan, tmp_path, rate):
    config = recipe(learning_rate=rate, schedule="constant")
    with pytest.raises(TrainingError) as caught:
        train(Task(dataset, plan, config, "accuracy"), tmp_path)
    assert caught.value.problem == f"training diverged in epoch 1 at a learning rate of {rate:.3g}"
    assert load_checkpoint(tmp_path) is None


@pytest.mark.usefixtures("tiny")
def test_a_validation_that_is_not_finite_is_a_divergence_too(dataset, plan, scripted, tmp_path):
    scripted((0.5, 1.0), (0.1, float("nan")))
    with pytest.raises(TrainingError, match=r"in epoch 2 at a learning rate of [\d.]+\n  received: .*nan"):
        train(Task(dataset, plan, recipe(), "accuracy"), tmp_path)
    assert len(load_checkpoint(tmp_path).epochs) == 1


@pytest.mark.usefixtures("tiny")
def test_any_size_of_validation_batch_gives_the_same_scores(dataset, plan, tmp_path, monkeypatch):
    config = recipe(epochs=1)
    scores = []
    for batch in (500, 144, 7):
        monkeypatch.setattr("recognition.training.epoch.fitting_batch", lambda shape, batch=batch: batch)
        epoch = train(Task(dataset, plan, config, "accuracy"), tmp_path / str(batch)).history.epochs[0]
        scores.append((epoch.validation_loss, epoch.validation_accuracy))
    assert scores[1] == pytest.approx(scores[0], rel=1e-4)
    assert scores[2] == pytest.approx(scores[0], rel=1e-4)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What trainings in a process of their own came to: determinism and devices are set for a whole process."""
    folder = tmp_path_factory.mktemp("alone")
    command = [sys.executable, "-m", "tests.recognition.training.alone", str(folder)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=280)
    return json.loads((folder / "results.json").read_text())


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(alone):
    assert alone["resumed"]["resumed_from"] == 2
    assert "resuming after epoch 2 of 4 from its checkpoint" in alone["resumed"]["said"]
    assert alone["resumed"]["epochs"] == alone["whole"]["epochs"]
    assert alone["resumed"]["weights"] == alone["whole"]["weights"]


def test_a_training_left_within_epochs_ends_where_an_uninterrupted_one_does(alone):
    said = [sentence for sentence in alone["left"]["said"] if sentence.startswith("resuming")]
    assert said == ["resuming after epoch 1 of 4, batch 2 of the next, from its checkpoint"]
    assert alone["left"]["epochs"] == alone["stayed"]["epochs"]
    assert alone["left"]["weights"] == alone["stayed"]["weights"] != alone["whole"]["weights"]


def test_the_seed_decides_everything(alone):
    assert alone["resumed"]["weights"] == alone["whole"]["weights"] != alone["other"]["weights"]


def test_two_cpus_are_one_device(alone):
    assert alone["device"] == ["cpu", "/CPU:0", "float32"]


def test_steps_are_taken_on_the_chosen_device(alone):
    assert len(alone["places"]) >= 3  # forward and backward in a step, forward in a score
    assert set(alone["places"]) == {"CPU:1"}
