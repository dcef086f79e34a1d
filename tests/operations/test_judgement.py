from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from operations import judgement, model_store, registry
from operations.judgement import judge
from operations.registry import RegisteredModel
from recognition.configuration.schema import EvaluationConfig, GateConfig
from recognition.data.dataset import Duplicates, ImageDataset, Split, image_hashes
from recognition.data.image_transform import ImageTransform
from recognition.evaluation.evaluate import evaluate
from tests.recognition.evaluation.samples import certain
from tests.recognition.report.samples import decision_of

CLASSES = ("dark", "grey", "bright")
CANDIDATE = RegisteredModel(name="ours", zenml_version="2", mlflow_version="2", sha256="b")
CHAMPION = RegisteredModel(name="ours", zenml_version="1", mlflow_version="1", sha256="a")


def split_of(labels, seed):
    """Images of which the brightness is the label, each with its own pixel."""
    images = np.stack([np.full((4, 4, 1), label * 100, np.uint8) for label in labels])
    images[:, 0, 0, 0] = np.arange(len(labels)) + seed
    return Split(images, np.asarray(labels, np.int32), image_hashes(images))


@pytest.fixture(scope="module")
def dataset():
    splits = {name: split_of([0, 1, 2] * 4, 20 * i) for i, name in enumerate(("train", "validation", "test"))}
    return ImageDataset("made", splits, CLASSES, (), np.empty(0, np.int32), Duplicates({}, {}))


@pytest.fixture(scope="module")
def model_path(tmp_path_factory):
    """A model that tells the three apart, its answers in the order bright, dark, grey."""
    import keras

    images = keras.Input((4, 4, 1), dtype="uint8")
    brightness = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 100)(images))
    head = keras.layers.Dense(3, activation="softmax")
    model = keras.Model(images, head(brightness))
    head.set_weights([np.array([[60.0, 0.0, 20.0]]), np.array([-80.0, 0.0, -10.0])])
    path = tmp_path_factory.mktemp("champion") / "model.keras"
    model.save(path)
    return path


@pytest.fixture
def registered(monkeypatch, model_path, tmp_path):
    """What the registry holds; tests change it."""
    held = SimpleNamespace(champion=None, decision=None, seen=np.empty(0, np.uint64))
    held.metadata = {"classes": ["bright", "dark", "grey"], "image_shape": [4, 4, 1]}

    def fetch(uri, name):
        assert uri == "models:/ours/1"
        np.save(tmp_path / "seen.npy", held.seen)
        return {model_store.KERAS_FILE: model_path, model_store.SEEN_FILE: tmp_path / "seen.npy"}[name]

    monkeypatch.setattr(registry, "champion", lambda client, name: held.champion)
    monkeypatch.setattr(registry, "recorded_decision", lambda client, model: held.decision)
    monkeypatch.setattr(model_store, "metadata_of", lambda uri: held.metadata)
    monkeypatch.setattr(model_store, "fetch", fetch)
    return held


@pytest.fixture
def judged(dataset, registered):
    """A function: number of right predictions -> the decision about a candidate that makes them."""

    def judged(right, dataset=dataset, metric="accuracy", **config):
        labels = dataset.splits["test"].labels
        predicted = np.where(np.arange(len(labels)) < right, labels, (labels + 1) % 3)
        evaluation = evaluate(certain(predicted, 3), dataset.splits["test"], dataset.classes)
        scoring = EvaluationConfig(metric=metric, batch_size=5)
        return judge(None, CANDIDATE, evaluation, dataset, GateConfig(**config), scoring)

    return judged


def with_test(dataset, test):
    return ImageDataset(
        dataset.name, {**dataset.splits, "test": test}, dataset.classes, (), dataset.superclass_of, dataset.duplicates
    )


def test_the_first_candidate_is_judged_against_chance(judged):
    decision = judged(12)
    assert (decision.decision, decision.candidate, decision.champion) == ("promoted", 1.0, None)
    assert judged(4).decision == "kept"


def test_images_that_the_candidate_has_seen_do_not_count(judged, dataset):
    seen = dataset.splits["validation"].take(np.array([0, 1, 2]))
    test = dataset.splits["test"]
    arrays = ("images", "labels", "hashes")
    mixed = Split(*(np.concatenate([getattr(seen, name), getattr(test, name)]) for name in arrays))
    decision = judged(3, with_test(dataset, mixed))
    assert (decision.candidate, decision.images, decision.excluded) == (0.0, 12, 3)


def test_the_champion_answers_for_the_same_images_in_its_own_order_of_classes(judged, registered):
    registered.champion = CHAMPION
    decision = judged(12)
    assert (decision.champion, decision.champion_version) == (1.0, "1")
    assert decision.decision == "kept"
    assert decision.images == 12


def test_a_better_candidate_is_promoted(judged, registered, dataset):
    registered.champion = CHAMPION
    registered.metadata = {**registered.metadata, "classes": ["dark", "bright", "grey"]}
    decision = judged(12)
    assert decision.champion == pytest.approx(1 / 3)
    assert decision.decision == "promoted"


def test_images_that_the_champion_has_seen_do_not_count(judged, registered, dataset):
    registered.champion, registered.seen = CHAMPION, dataset.splits["test"].hashes[:5]
    decision = judged(5)
    assert (decision.candidate, decision.images, decision.excluded) == (0.0, 7, 5)


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"classes": ["dark", "grey"]}, "other classes (1 of ours missing, 0 that we lack)"),
        ({"classes": ["dark", "grey", "bright", "red"]}, "other classes (0 of ours missing, 1 that we lack)"),
        ({"image_shape": [8, 8, 1]}, "images of [8, 8, 1], ours are [4, 4, 1]"),
    ],
)
@pytest.mark.parametrize(("setting", "outcome"), [("keep", "kept"), ("promote", "promoted")])
def test_a_champion_that_answers_another_question(judged, registered, metadata, why, setting, outcome):
    registered.champion = CHAMPION
    registered.metadata = {**registered.metadata, **metadata}
    decision = judged(12, incomparable=setting)
    assert (decision.decision, decision.candidate, decision.champion) == (outcome, 1.0, None)
    assert why in decision.reason


PADDED = {"height": 4, "width": 4, "channels": 1, "resize": "pad", "background": "#ffffff"}


@pytest.mark.parametrize(
    ("theirs", "ours", "why"),
    [
        (PADDED | {"resize": "crop"}, PADDED, "in another way (resize)"),
        (PADDED, None, "in another way (background, channels, height, resize, width)"),
        (None, PADDED, "in another way (background, channels, height, resize, width)"),
    ],
)
def test_a_champion_of_images_made_in_another_way(judged, registered, dataset, theirs, ours, why):
    registered.champion = CHAMPION
    registered.metadata = registered.metadata | {"transform": theirs}
    decision = judged(12, replace(dataset, transform=ImageTransform(**ours) if ours else None))
    assert (decision.decision, decision.champion) == ("kept", None)
    assert why in decision.reason


def test_a_champion_of_images_made_in_the_same_way(judged, registered, dataset):
    registered.champion = CHAMPION
    registered.metadata = registered.metadata | {"transform": PADDED}
    assert judged(12, replace(dataset, transform=ImageTransform(**PADDED))).champion == 1.0
    registered.metadata = registered.metadata | {"transform": None}
    assert judged(12).champion == 1.0


def test_without_an_image_left_the_candidate_is_kept_back(judged, registered, dataset):
    known = with_test(dataset, dataset.splits["validation"])
    for champion in (None, CHAMPION):
        registered.champion = champion
        decision = judged(12, known)
        assert (decision.decision, decision.candidate, decision.images) == ("kept", None, 0)
        assert "no test image is left" in decision.reason


def test_the_metric_decides_and_is_recorded(judged, dataset):
    rare = dataset.splits["test"].take(np.array([0, 3, 6, 9, 1, 2]))
    by = {metric: judged(4, with_test(dataset, rare), metric) for metric in ("accuracy", "balanced_accuracy")}
    assert {name: decision.candidate for name, decision in by.items()} == {
        "accuracy": pytest.approx(4 / 6),
        "balanced_accuracy": pytest.approx(1 / 3),
    }
    assert {name: decision.metric for name, decision in by.items()} == {name: name for name in by}


def test_a_decision_falls_with_its_metric(judged, registered):
    registered.champion, registered.decision = CHAMPION, decision_of(champion_version="1")
    assert judged(12, metric="macro_f1").metric == "macro_f1"


@pytest.mark.parametrize("champion", [CHAMPION, CANDIDATE])
def test_a_decision_stands_against_the_same_champion(judged, registered, champion):
    registered.champion, registered.decision = champion, decision_of(champion_version="1")
    assert judged(0) is registered.decision


def test_a_decision_falls_with_the_champion_it_was_made_against(judged, registered):
    registered.champion, registered.decision = CHAMPION, decision_of(champion_version="0")
    assert judged(12).champion_version == "1"


def test_a_first_candidate_that_was_kept_back_stays_so(judged, registered):
    registered.decision = decision_of(decision="kept", champion=None, champion_version=None)
    assert judged(12) is registered.decision


def test_nothing_is_predicted_twice(judged, registered, monkeypatch):
    registered.champion, registered.decision = CHAMPION, decision_of(champion_version="1")
    monkeypatch.setattr(judgement, "load_tensorflow", lambda: pytest.fail("nobody asked for a prediction"))
    judged(12)
