import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from operations.gate import stored_model
from operations.gate.judgement import GateInputs, judge
from operations.registry import model_store, registry
from operations.registry.registered_model import RegisteredModel
from recognition.configuration.sections.evaluation import EvaluationConfig
from recognition.configuration.sections.gate import GateConfig
from recognition.data.change import DataChange
from recognition.data.dataset import Duplicates, ImageDataset, Split, image_hashes
from recognition.data.image_transform import ImageTransform
from recognition.evaluation.evaluate import evaluate
from recognition.training.model_file import file_digest
from tests.recognition.evaluation.samples import certain
from tests.recognition.report.samples import decision_of, history_of

CLASSES = ("dark", "grey", "bright")
CANDIDATE = RegisteredModel(name="ours", zenml_version="2", mlflow_version="2", sha256="b")
SAME = DataChange(verdict="same", reason="every image and label is", version="1")


def split_of(labels, seed):
    """Images of which the brightness is the label, each with its own pixel."""
    images = np.stack([np.full((4, 4, 1), label * 100, np.uint8) for label in labels])
    images[:, 0, 0, 0] = np.arange(len(labels)) + seed
    return Split(images, np.asarray(labels, np.int32), image_hashes(images))


@pytest.fixture(scope="module")
def dataset():
    splits = {name: split_of([0, 1, 2] * 12, 40 * i) for i, name in enumerate(("train", "validation", "test"))}
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


@pytest.fixture(scope="module")
def champion(model_path):
    """The registered model at that path."""
    return RegisteredModel(name="ours", zenml_version="1", mlflow_version="1", sha256=file_digest(model_path))


@pytest.fixture
def registered(monkeypatch, model_path, tmp_path):
    """What the registry holds, also under the candidate's version; tests change it."""
    held = SimpleNamespace(champion=None, decision=None, seen=np.empty(0, np.uint64), ledgers={})
    held.metadata = {"classes": ["bright", "dark", "grey"], "image_shape": [4, 4, 1]}
    held.client = SimpleNamespace(
        get_registered_model=lambda name: SimpleNamespace(tags=held.ledgers),
        set_registered_model_tag=lambda name, key, value: held.ledgers.update({key: value}),
    )

    def kept(uri):
        if held.seen is not None:
            np.save(tmp_path / model_store.SEEN_FILE, held.seen)
        (tmp_path / model_store.KERAS_FILE).parent.mkdir(exist_ok=True)
        shutil.copyfile(model_path, tmp_path / model_store.KERAS_FILE)
        return tmp_path

    monkeypatch.setattr(registry, "champion", lambda client, name: held.champion)
    monkeypatch.setattr(registry, "recorded_decision", lambda client, model: held.decision)
    monkeypatch.setattr(stored_model, "metadata_in", lambda folder: held.metadata)
    monkeypatch.setattr(stored_model, "kept", kept)
    return held


@pytest.fixture
def judged(dataset, registered):
    """A function: number of right predictions on test -> the decision about a candidate that makes them."""

    def judged(right, dataset=dataset, metric="accuracy", sha256="b", change=SAME, **config):
        labels = dataset.splits["test"].labels
        known = len(dataset.classes)
        predicted = np.where(np.arange(len(labels)) < right, labels, (labels + 1) % known)
        evaluation = evaluate(certain(predicted, known), dataset.splits["test"], dataset.classes)
        scoring = EvaluationConfig(metric=metric, batch_size=5)
        candidate = CANDIDATE.model_copy(update={"sha256": sha256})
        case = GateInputs(candidate, evaluation, dataset, history_of(), change, GateConfig(**config), scoring)
        return judge(registered.client, case, registered.champion, lambda: None)

    return judged


def with_test(dataset, test):
    return ImageDataset(
        dataset.name, {**dataset.splits, "test": test}, dataset.classes, (), dataset.superclass_of, dataset.duplicates
    )


WEAK = {"classes": ["dark", "bright", "grey"], "image_shape": [4, 4, 1]}  # answers in another order: a third is right


def test_the_first_candidate_is_judged_against_chance(judged, registered):
    decision = judged(36)
    assert (decision.decision, decision.candidate, decision.champion) == ("promoted", 1.0, None)
    assert judged(12).decision == "kept"
    assert registered.ledgers == {}


def test_images_that_the_candidate_has_seen_do_not_count(judged, dataset):
    seen = dataset.splits["validation"].take(np.array([0, 1, 2]))
    test = dataset.splits["test"]
    arrays = ("images", "labels", "hashes")
    mixed = Split(*(np.concatenate([getattr(seen, name), getattr(test, name)]) for name in arrays))
    decision = judged(3, with_test(dataset, mixed))
    assert (decision.candidate, decision.images, decision.excluded) == (0.0, 36, 3)


def test_the_champion_answers_for_the_same_images_in_its_own_order_of_classes(judged, registered, champion):
    registered.champion = champion
    decision = judged(36)
    assert (decision.champion, decision.champion_version) == (1.0, "1")
    assert decision.decision == "kept"
    assert decision.images == 36


def test_a_better_candidate_is_promoted(judged, registered, champion):
    registered.champion, registered.metadata = champion, WEAK
    decision = judged(36)
    assert decision.champion == pytest.approx(1 / 3)
    assert (decision.decision, decision.passed) == ("promoted", True)
    assert decision.finding == decision.reason


def test_images_that_the_champion_has_seen_do_not_count(judged, registered, champion, dataset):
    registered.champion, registered.seen = champion, dataset.splits["test"].hashes[:5]
    decision = judged(5)
    assert (decision.candidate, decision.images, decision.excluded) == (0.0, 31, 5)


def test_each_candidate_is_one_more_decision_on_these_images(judged, registered, champion):
    registered.champion = champion
    decisions = [judged(30, sha256=str(i)) for i in range(4)]
    assert [each.number for each in decisions] == [1, 2, 3, 4]
    assert [each.level for each in decisions] == sorted((each.level for each in decisions), reverse=True)
    assert len(registered.ledgers) == 1


def test_the_same_candidate_against_the_same_champion_is_the_same_decision(judged, registered, champion):
    registered.champion = champion
    first = judged(30)
    assert judged(30, sha256="c").number == 2
    again = judged(30, max_class_loss=None)
    assert (again.number, again.level) == (1, first.level)
    assert judged(30, require="not_worse").number == 3


def test_a_candidate_that_was_found_good_leaves_its_level_to_the_next(judged, registered, champion):
    registered.champion, registered.metadata = champion, WEAK
    won = judged(36)
    registered.metadata = {**WEAK, "classes": ["bright", "dark", "grey"]}
    assert judged(30, sha256="c").level > won.level


def test_other_images_begin_with_the_first_decision(judged, registered, champion, dataset):
    registered.champion = champion
    assert judged(30).number == 1
    assert judged(30, with_test(dataset, split_of([0, 1, 2] * 12, 150)), sha256="c").number == 1
    assert len(registered.ledgers) == 2


@pytest.fixture(scope="module")
def gated(dataset):
    """The data with a gate split of its own, which knows one image of test."""
    return replace(dataset, splits={**dataset.splits, "gate": split_of([0, 1, 2] * 10, 200)})


@pytest.mark.parametrize(("split", "images"), [(None, 30), ("gate", 30), ("test", 36)])
def test_images_of_the_gate_alone_decide_where_there_are_any(
    judged, registered, champion, gated, monkeypatch, split, images
):
    registered.champion = champion
    decision = judged(0, gated, split=split)
    assert (decision.split, decision.images) == (split or "gate", images)
    on_gate = images == 30  # there the candidate's stored model answers, which is the champion's very file
    assert (decision.candidate, decision.champion) == (1.0 if on_gate else 0.0, 1.0)


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"classes": ["red", "blue", "green"]}, "it shares no class with these data"),
        ({"image_shape": [8, 8, 1]}, "images of [8, 8, 1], ours are [4, 4, 1]"),
        ({"image_shape": None}, "what it knows was not stored with it"),
    ],
)
@pytest.mark.parametrize(("setting", "outcome"), [("keep", "kept"), ("promote", "promoted")])
def test_a_champion_that_answers_another_question(judged, registered, champion, metadata, why, setting, outcome):
    changed = {**registered.metadata, **metadata}
    registered.champion = champion
    registered.metadata = {name: value for name, value in changed.items() if value is not None}
    decision = judged(36, incomparable=setting)
    assert (decision.decision, decision.candidate, decision.champion) == (outcome, 1.0, None)
    assert why in decision.reason
    assert registered.ledgers == {}


def test_a_champion_whose_file_was_changed_is_not_asked(judged, registered, champion):
    registered.champion = champion.model_copy(update={"sha256": "0" * 64})
    assert "its stored file is not what was registered" in judged(36).reason


def test_a_champion_of_which_nobody_knows_what_it_has_seen_is_not_asked(judged, registered, champion):
    registered.champion, registered.seen = champion, None
    assert "which images it was trained on was not stored with it" in judged(36).reason


def test_a_class_that_came_must_be_recognised_and_the_others_not_suffer(judged, registered, champion, dataset):
    registered.champion = champion
    four = replace(dataset, classes=("dark", "grey", "bright", "new"))
    labels = np.array([0, 1, 2] * 11 + [3] * 3, np.int32)
    four = with_test(four, replace(dataset.splits["test"], labels=labels))
    decision = judged(36, four, margin=0.2, max_loss_increase=None)
    assert (decision.images, decision.champion, decision.candidate) == (33, 1.0, 1.0)
    assert (decision.require, decision.passed) == ("not_worse", True)
    assert {guard.name: guard.verdict for guard in decision.guards}["new classes"] == "passed"
    blind = judged(33, four, margin=0.2, max_loss_increase=None, sha256="c")
    assert (blind.decision, blind.failed) == ("kept", ("new classes",))


def test_a_class_that_went_is_left_out(judged, registered, champion, dataset):
    registered.champion = champion
    test = dataset.splits["test"]
    two = with_test(replace(dataset, classes=("dark", "grey")), test.take(np.flatnonzero(test.labels < 2)))
    decision = judged(24, two, margin=0.3, max_loss_increase=None)
    assert (decision.images, decision.candidate, decision.champion) == (24, 1.0, 1.0)
    assert (decision.require, decision.passed) == ("not_worse", True)
    assert "of the 2 classes that both know" in decision.reason


PADDED = {"height": 4, "width": 4, "channels": 1, "resize": "pad", "background": "#ffffff"}


@pytest.mark.parametrize(
    ("theirs", "ours", "why"),
    [
        (PADDED | {"resize": "crop"}, PADDED, "in another way (resize)"),
        (PADDED, None, "in another way (background, channels, height, resize, width)"),
        (None, PADDED, "in another way (background, channels, height, resize, width)"),
    ],
)
def test_a_champion_of_images_made_in_another_way(judged, registered, champion, dataset, theirs, ours, why):
    registered.champion = champion
    registered.metadata = registered.metadata | {"transform": theirs}
    decision = judged(36, replace(dataset, transform=ImageTransform(**ours) if ours else None))
    assert (decision.decision, decision.champion) == ("kept", None)
    assert why in decision.reason


def test_a_champion_of_images_made_in_the_same_way(judged, registered, champion, dataset):
    registered.champion = champion
    registered.metadata = registered.metadata | {"transform": PADDED}
    assert judged(36, replace(dataset, transform=ImageTransform(**PADDED))).champion == 1.0
    registered.metadata = registered.metadata | {"transform": None}
    assert judged(36).champion == 1.0


def test_without_an_image_left_the_candidate_is_kept_back(judged, registered, champion, dataset):
    known = with_test(dataset, dataset.splits["validation"])
    for there in (None, champion):
        registered.champion = there
        decision = judged(36, known, incomparable="promote")
        assert (decision.decision, decision.candidate, decision.images) == ("kept", None, 0)
        assert "no test image is left" in decision.reason


def test_an_image_left_that_the_champion_has_seen_does_not_help(judged, registered, champion, dataset):
    registered.champion, registered.seen = champion, dataset.splits["test"].hashes
    decision = judged(36, incomparable="promote")
    assert (decision.decision, decision.images, decision.excluded) == ("kept", 0, 36)


def test_the_metric_decides_and_is_recorded(judged, dataset):
    rare = dataset.splits["test"].take(np.array([0, 3, 6, 9, 1, 2]))
    by = {metric: judged(4, with_test(dataset, rare), metric) for metric in ("accuracy", "balanced_accuracy")}
    assert {name: decision.candidate for name, decision in by.items()} == {
        "accuracy": pytest.approx(4 / 6),
        "balanced_accuracy": pytest.approx(1 / 3),
    }
    assert {name: decision.metric for name, decision in by.items()} == {name: name for name in by}


@pytest.mark.parametrize(("setting", "verdict"), [("warn", "warned"), ("block", "failed"), ("ignore", None)])
def test_changed_data_warn_or_block(judged, registered, champion, setting, verdict):
    registered.champion, registered.metadata = champion, WEAK
    decision = judged(36, change=DataChange(verdict="shifted", reason="darker", version="1"), data_change=setting)
    assert {guard.name: guard.verdict for guard in decision.guards}.get("data") == verdict
    assert decision.decision == ("kept" if setting == "block" else "promoted")


def test_latency_and_size_are_measured_where_they_are_limited(judged, registered, champion, monkeypatch):
    monkeypatch.setattr(stored_model, "latencies", lambda forwards: tuple(10.0 + i for i, _ in enumerate(forwards)))
    limits = {"max_latency": 5.0, "max_size": 1e-6}
    alone = judged(36, **limits)
    assert (alone.decision, alone.failed) == ("kept", ("size", "latency"))
    registered.champion, registered.metadata = champion, WEAK
    both = judged(36, max_latency_ratio=0.5, max_size_ratio=2.0)
    relative = {guard.name: guard for guard in both.guards if guard.unit == "times"}
    assert relative["latency against the champion"].verdict == "failed"
    assert relative["latency against the champion"].value == pytest.approx(10 / 11)
    assert (relative["size against the champion"].verdict, relative["size against the champion"].value) == ("passed", 1)


def test_real_models_are_timed(registered, champion, dataset):
    rivals = [stored_model.StoredModel(champion)] * 2
    times = stored_model.measure_latencies(rivals, dataset.splits["test"].images)
    assert len(times) == 2
    assert min(times) > 0


@pytest.fixture
def recorded(judged, registered, champion):
    """A function: who is champion -> what is then recorded about the candidate."""

    def record(there, **config):
        registered.champion = there
        registered.decision = judged(30, **config)
        return registered.decision

    return record


@pytest.mark.parametrize("change", [{"margin": 0.5}, {"level": 0.01}, {"max_class_loss": None}])
def test_a_decision_stands_until_its_rules_or_images_change(judged, recorded, champion, dataset, change):
    before = recorded(champion)
    assert judged(0) is before
    assert judged(0, promote="never") is before
    assert judged(0, **change) is not before
    assert judged(0, metric="macro_f1").metric == "macro_f1"
    assert judged(0, with_test(dataset, split_of([0, 1, 2] * 12, 150))) is not before


def test_a_decision_stands_once_its_candidate_is_champion(judged, registered, champion):
    registered.champion, registered.decision = CANDIDATE, decision_of(champion_version="1")
    assert judged(0) is registered.decision


def test_a_decision_falls_with_the_champion_it_was_made_against(judged, recorded, registered, champion):
    recorded(champion)
    registered.champion = champion.model_copy(update={"mlflow_version": "7"})
    assert judged(36).champion_version == "7"


def test_a_first_candidate_that_was_kept_back_stays_so(judged, recorded):
    before = recorded(None, margin_over_chance=0.9)
    assert before.decision == "kept"
    assert judged(36, margin_over_chance=0.9) is before


def test_nothing_is_predicted_twice(judged, recorded, champion, monkeypatch):
    recorded(champion)
    monkeypatch.setattr(stored_model, "load_tensorflow", lambda: pytest.fail("nobody asked for a prediction"))
    judged(36)
