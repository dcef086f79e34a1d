import json
import os
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Timer
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from filelock import FileLock
from filelock import Timeout as FileLockTimeout

from operations.training.checkpoints import FINISHED, lock_of, remove_finished
from operations.training.folder import shared_folder, training_folder
from operations.training.identity import TrainingIdentity
from operations.training.task import Training, current_training, recipe_of
from operations.training.unfinished import check_unfinished, give_up
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.errors import InputError, RecognitionError

IDENTITY = TrainingIdentity(
    data="digest",
    folds=None,
    augmentation=AugmentationConfig(),
    train=TrainConfig(epochs=3, learning_rate=0.1),
    metric="accuracy",
    code="hash",
    initial="",
)
FORMER = {"new hash": "former hash"}
TRAINING = Training("train.yaml for model cifar100", IDENTITY, "run train-1")
CHECKPOINT = "epoch-00001-batch-0000000.npz"
ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys
from operations.training.folder import training_folder
from operations.training.task import Training, planned_identity
from recognition.configuration.schema import RunConfig
config = RunConfig.model_validate({"train": {"epochs": 3, "learning_rate": 0.1}})
with training_folder(Training(sys.argv[1], planned_identity(config, "digest", "hash", ""), sys.argv[2])) as folder:
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def zenml(monkeypatch, folder):
    """What ZenML knows: this step, and whether steps were stored, by their ids."""
    known = SimpleNamespace(this=uuid4(), stored={}, id="of this ZenML")

    def get_run_step(step_run):
        assert isinstance(step_run, UUID)
        return SimpleNamespace(status=SimpleNamespace(is_successful=known.stored[step_run]))

    store = SimpleNamespace(get_store_info=lambda: SimpleNamespace(id=known.id))
    monkeypatch.setattr("zenml.client.Client", lambda: SimpleNamespace(get_run_step=get_run_step, zen_store=store))
    step = SimpleNamespace(step_run=SimpleNamespace(id=known.this))
    monkeypatch.setattr("zenml.get_step_context", lambda: step)
    return known


def trained(training=TRAINING):
    with training_folder(training) as folder:
        (folder / CHECKPOINT).touch()
    return folder


def killed(training=TRAINING):
    with suppress(KeyboardInterrupt), training_folder(training) as folder:
        (folder / CHECKPOINT).touch()
        raise KeyboardInterrupt
    return folder


def changed(task=TRAINING.task, **changes):
    return Training(task, replace(IDENTITY, **changes))


def left(folder):
    """What lies in a folder besides what every training has."""
    return [path.name for path in folder.iterdir() if path.name != "training.json"]


def test_an_interrupted_training_finds_its_folder_again():
    folder = killed()
    with training_folder(TRAINING) as again:
        assert again == folder
        assert (again / CHECKPOINT).exists()


@pytest.mark.parametrize("other", [{"data": "x"}, {"train": TrainConfig(epochs=4)}, {"code": "x"}])
def test_another_training_has_another_folder(other):
    assert killed() != killed(changed(**other))


def test_a_training_that_is_the_same_goes_on_whatever_else_waits():
    check_unfinished(TRAINING)
    killed()
    check_unfinished(TRAINING)
    killed(changed(data="other"))
    check_unfinished(TRAINING)


def test_an_interrupted_training_that_differs_is_told():
    killed()
    with pytest.raises(InputError) as caught:
        check_unfinished(changed(train=TrainConfig(epochs=3, learning_rate=0.2)))
    assert caught.value.problem == "an interrupted training of train.yaml for model cifar100 was different"
    assert caught.value.received == "train.learning_rate: 0.2"
    assert caught.value.expected.startswith(
        "train.learning_rate: 0.1, as in run train-1, whose last checkpoint is epoch-0"
    )
    assert "--fresh" in caught.value.remedy


def test_a_long_list_of_differences_is_cut():
    keys = ("epochs", "batch_size", "patience", "accumulate", "seed", "unfreeze_at", "workers")
    killed(changed(train=TrainConfig.model_construct(**dict.fromkeys(keys, 2))))
    with pytest.raises(InputError, match="and 2 more"):
        check_unfinished(changed(train=TrainConfig.model_construct(**dict.fromkeys(keys, 3))))


def test_a_training_of_another_task_is_no_business_of_ours():
    killed()
    check_unfinished(changed("smoke.yaml for model cifar100", data="other"))


def test_a_training_without_a_checkpoint_has_nothing_to_lose():
    (killed() / CHECKPOINT).unlink()
    check_unfinished(changed(data="other"))


def test_a_stored_training_is_over(zenml):
    trained()
    zenml.stored[zenml.this] = True
    check_unfinished(changed(data="other"))


def test_a_training_under_way_is_not_an_interrupted_one():
    with training_folder(TRAINING) as folder:
        (folder / CHECKPOINT).touch()
        check_unfinished(changed(data="other"))


def test_a_record_cut_short_is_no_record():
    (killed() / "training.json").write_text('{"task": ')
    check_unfinished(changed(data="other"))


def test_fresh_gives_up_what_differs():
    folder = killed()
    with training_folder(replace(changed(data="other"), fresh=True)):
        assert not folder.exists()


@pytest.mark.parametrize("given", [{}, {"fresh": False}, {"fresh": True}], ids=["scheduled", "usual", "fresh"])
def test_the_running_step_knows_its_task(monkeypatch, given):
    parameters = {"config": {"model": {"name": "cats"}}, **given}
    run = SimpleNamespace(name="my-recipe-20261122-101112-abcdef", config=SimpleNamespace(parameters=parameters))
    monkeypatch.setattr("zenml.get_step_context", lambda: SimpleNamespace(pipeline_run=run))
    training = current_training(IDENTITY)
    assert (training.task, training.identity) == ("my-recipe.yaml for model cats", IDENTITY)
    assert training.origin == f"run {run.name}"
    assert training.fresh is given.get("fresh", False)
    assert recipe_of("a-20261122-101112-abcdef") == "a"


def test_folders_lie_in_the_state_folder(folder):
    assert killed().parent == folder / "checkpoints"


def test_fresh_ignores_what_an_earlier_training_left():
    folder = killed()
    with training_folder(replace(TRAINING, origin="run train-2", fresh=True)) as again:
        assert again == folder
        assert left(again) == []


def test_fresh_keeps_what_the_same_run_left_when_its_step_was_started_again():
    ours = replace(TRAINING, origin="run nightly-1", fresh=True)
    with suppress(RuntimeError), training_folder(ours) as folder:
        (folder / CHECKPOINT).touch()
        raise RuntimeError("evicted")
    with training_folder(ours) as folder:
        assert left(folder) == [CHECKPOINT]
    with suppress(RuntimeError), training_folder(replace(ours, origin="run nightly-2")) as folder:
        assert left(folder) == []


@pytest.fixture
def held_elsewhere(fork_server):
    """A function: origin -> another process trains the same: its folder and the process."""

    @contextmanager
    def hold(origin):
        words = ["-c", HOLD, TRAINING.task, origin]
        with fork_server.talking(words, ROOT, dict(os.environ)) as (holder, _, told):
            yield Path(told.readline().strip()), holder

    return hold


def test_a_second_run_that_trains_the_same_has_a_folder_of_its_own_and_finds_it_again(held_elsewhere, capsys):
    with held_elsewhere("run nightly-1") as (held, _):
        folder = killed()
        assert folder != held
        assert left(folder) == [CHECKPOINT]
        assert "another run trains the same" in capsys.readouterr().out
        assert shared_folder(TRAINING) == folder
        assert killed() == folder
    assert killed() == folder  # also when the other has ended
    with training_folder(TRAINING) as again:
        assert left(again) == [CHECKPOINT]
    with training_folder(replace(TRAINING, origin="run train-3")) as third:
        assert third == held == shared_folder(replace(TRAINING, origin="run train-3"))


def test_the_last_try_of_the_same_run_is_waited_for(held_elsewhere):
    with held_elsewhere(TRAINING.origin) as (held, holder):
        Timer(1.0, holder.kill).start()
        with training_folder(TRAINING) as folder:
            assert folder == held


def test_a_run_whose_last_try_does_not_end_has_a_folder_of_its_own_and_no_third(held_elsewhere, monkeypatch):
    monkeypatch.setattr("operations.training.folder.PATIENCE", 0.1)
    with held_elsewhere(TRAINING.origin) as (held, _), training_folder(TRAINING) as folder:
        assert folder != held
        with pytest.raises(RecognitionError, match="another process of this run"), training_folder(TRAINING):
            pass


def test_a_finished_training_is_kept_until_its_artifacts_are_stored(zenml):
    folder = trained()
    zenml.stored[zenml.this] = False
    remove_finished()
    assert (folder / CHECKPOINT).exists()
    zenml.stored[zenml.this] = True
    remove_finished()
    assert list(folder.parent.glob("*/*")) == []


def test_a_training_whose_run_was_deleted_is_removed():
    folder = trained()
    remove_finished()
    assert not folder.exists()


def test_another_zenml_does_not_know_whether_a_run_was_deleted(zenml):
    folder = trained()
    zenml.id = "of another"
    remove_finished()
    check_unfinished(changed(data="other"))  # it was not interrupted either
    with training_folder(replace(changed(data="other"), fresh=True)):
        assert (folder / CHECKPOINT).exists()
    with training_folder(TRAINING):  # but goes on where it is the same
        assert (folder / CHECKPOINT).exists()


def test_who_gives_up_holds_what_is_removed(monkeypatch):
    folder, removed = killed(), []

    def remove(path):
        with pytest.raises(FileLockTimeout), lock_of(path):
            pass
        removed.append(path)

    monkeypatch.setattr("operations.training.unfinished.remove_folder", remove)
    give_up(TRAINING.task)
    assert removed == [folder]


def test_an_interrupted_training_is_never_removed():
    folder = killed()
    remove_finished()
    assert (folder / CHECKPOINT).exists()


def test_a_training_that_is_stored_is_not_taken_for_one_to_resume(zenml):
    trained()
    zenml.stored[zenml.this] = True
    with training_folder(TRAINING) as folder:
        assert left(folder) == []


def test_a_training_that_ended_before_it_was_stored_is_resumed(zenml):
    trained()
    zenml.stored[zenml.this] = False
    with training_folder(TRAINING) as folder:
        assert left(folder) == [CHECKPOINT]


def test_a_folder_in_use_is_not_removed(zenml):
    folder = trained()
    zenml.stored[zenml.this] = True
    with FileLock(folder.parent / f"{folder.name}.lock"):
        remove_finished()
        assert (folder / CHECKPOINT).exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"step_run": "no id"}'])
def test_a_mark_cut_short_is_no_mark(text):
    folder = trained()
    (folder / FINISHED).write_text(text)
    remove_finished()
    with training_folder(TRAINING) as again:
        assert (again / CHECKPOINT).exists()


def test_removal_is_all_or_nothing(zenml, monkeypatch):
    folder = trained()
    zenml.stored[zenml.this] = True

    def die(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("operations.training.checkpoints.shutil.rmtree", die)
    with pytest.raises(KeyboardInterrupt):
        remove_finished()
    assert not folder.exists()


def test_the_mark_names_the_step(zenml):
    assert json.loads((trained() / FINISHED).read_text()) == {"step_run": str(zenml.this), "zenml": zenml.id}


@pytest.fixture
def former(monkeypatch):
    """Code that does what the former version's did under another hash; the training that it left unfinished."""
    monkeypatch.setattr("operations.training.task.former_code", FORMER.get)
    return killed(changed(code="former hash"))


def test_what_the_former_version_left_is_gone_on_with(former, capsys):
    ours = changed(code="new hash")
    check_unfinished(ours)
    with training_folder(ours) as folder:
        assert left(folder) == [CHECKPOINT]
        assert json.loads((folder / "training.json").read_text())["identity"]["code"] == "new hash"
    assert not former.exists()
    assert "goes on from what version 0.1.0 left" in capsys.readouterr().out


@pytest.mark.parametrize("changes", [{"code": "another hash"}, {"code": "new hash", "data": "other"}])
def test_what_the_former_version_left_of_another_training_is_told(former, changes):
    with pytest.raises(InputError, match="was different"):
        check_unfinished(changed(**changes))
    with training_folder(changed(**changes)) as folder:
        assert left(folder) == []
    assert former.exists()


def test_a_training_with_a_folder_of_its_own_takes_over_no_other(former):
    ours = changed(code="new hash")
    killed(ours)
    killed(changed(code="former hash"))
    with training_folder(ours):
        assert former.exists()


def test_what_the_former_version_trains_still_is_left_alone(former):
    with FileLock(former.with_name(f"{former.name}.lock")), training_folder(changed(code="new hash")) as folder:
        assert left(folder) == []
        assert former.exists()


def test_nothing_to_remove():
    remove_finished()


def test_what_a_killed_removal_left_goes_unless_somebody_is_at_it(zenml):
    folder = killed()
    left = folder.with_name(f"{folder.name}.removed-1")
    folder.rename(left)
    with lock_of(folder):
        remove_finished()
        assert left.exists()
    remove_finished()
    assert not left.exists()
