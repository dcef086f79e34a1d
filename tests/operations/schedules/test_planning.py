from types import SimpleNamespace

import pytest

from operations.platform.code import imported_files
from operations.platform.digest import digest_of
from operations.schedules import planning
from operations.schedules.planning import plan_schedule
from operations.schedules.record import content_changes, timing_changes
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.predict import PredictConfig
from recognition.configuration.sections.schedule import ScheduleConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.errors import InputError

NIGHTLY = ScheduleConfig(name="nightly", cron="0 3 * * *")
SCHEDULER = SimpleNamespace(image=lambda: "image:1")


@pytest.fixture(autouse=True)
def _known_code(monkeypatch):
    """Hashing takes half a second each time, and is tested in test_code.py."""
    monkeypatch.setattr(planning, "code_hash", lambda module: f"hash of {module}")


def plan(schedule=NIGHTLY, **sections):
    return plan_schedule(RunConfig(schedule=schedule, **sections), "retrain", "pipeline", ("train",), SCHEDULER)


def test_the_same_configuration_gives_the_same_record():
    assert plan()[0] == plan()[0]


def test_a_stack_repeats_no_prediction():
    with pytest.raises(InputError, match="a stack's schedule repeats trainings"):
        plan(predict=PredictConfig(paths="photos"))


def test_when_is_told_from_what():
    before, now = plan()[0], plan(schedule=NIGHTLY.model_copy(update={"suspend": True}))[0]
    assert (timing_changes(before, now), content_changes(before, now)) == (["schedule.suspend: false → true"], [])
    now, _ = plan(train=TrainConfig(epochs=2))
    assert (timing_changes(before, now), content_changes(before, now)) == ([], ["train.epochs: 1 → 2"])


def test_another_commit_with_the_same_files_changes_nothing():
    before, _ = plan()
    now = before.model_copy(update={"commit": "another"})
    assert timing_changes(before, now) + content_changes(before, now) == []


def test_a_snapshot_is_what_the_pipeline_is_called_with():
    record, snapshot = plan()
    config, code, recipe, commit, fallback, alone = snapshot.arguments
    assert (config.schedule, set(code), recipe, commit, fallback, alone) == (
        *(NIGHTLY, {"train", "initial weights"}, "retrain", record.commit, False, True),
    )


def test_the_code_is_that_of_the_whole_pipeline_and_of_each_cached_step():
    record, snapshot = plan()
    assert record.code == digest_of([f"hash of {module}" for module in planning.CODE])
    assert snapshot.code == {"train": "hash of steps.train", "initial weights": ""}


def test_all_steps_and_what_surrounds_them_are_behind_the_hash():
    files = {path.name for module in planning.CODE for path in imported_files(module)}
    assert {"ingest.py", "permit.py", "train.py", "gate.py", "register.py", "lease.py", "folder.py"} <= files


def test_a_missing_file_of_weights_is_refused_before_it_is_frozen(tmp_path):
    with pytest.raises(InputError, match="is missing"):
        plan(train=TrainConfig(init=str(tmp_path / "none.keras")))
