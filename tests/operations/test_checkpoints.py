import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from filelock import FileLock

from operations.checkpoints import FINISHED, FRESH, remove_finished, training_folder

TRAINING = ("data", "plan", "recipe", "code")
ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from operations.checkpoints import training_folder
with training_folder(sys.argv[1:]) as folder:
    print(folder, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def zenml(monkeypatch, folder):
    """What ZenML knows: this step, and whether steps were stored, by their ids."""
    known = SimpleNamespace(this=uuid4(), stored={})

    def get_run_step(step_run):
        assert isinstance(step_run, UUID)
        return SimpleNamespace(status=SimpleNamespace(is_successful=known.stored[step_run]))

    monkeypatch.delenv(FRESH, raising=False)
    monkeypatch.setattr("zenml.client.Client", lambda: SimpleNamespace(get_run_step=get_run_step))
    step = SimpleNamespace(step_run=SimpleNamespace(id=known.this))
    monkeypatch.setattr("zenml.get_step_context", lambda: step)
    return known


def trained(fingerprint=TRAINING):
    with training_folder(fingerprint) as folder:
        (folder / "epoch-00001").mkdir()
        (folder / "epoch-00001" / "state.json").write_text("{}")
    return folder


def killed(fingerprint=TRAINING):
    with suppress(KeyboardInterrupt), training_folder(fingerprint) as folder:
        (folder / "epoch-00001").mkdir()
        raise KeyboardInterrupt
    return folder


def test_an_interrupted_training_finds_its_folder_again():
    folder = killed()
    with training_folder(TRAINING) as again:
        assert again == folder
        assert (again / "epoch-00001").is_dir()


@pytest.mark.parametrize("part", range(4))
def test_another_training_has_another_folder(part):
    other = [*TRAINING]
    other[part] += "!"
    assert killed() != killed(other)


def test_parts_cannot_be_mistaken_for_each_other():
    assert killed(("a", "b c")) != killed(("a b", "c"))


def test_folders_lie_in_the_state_folder(folder):
    assert killed().parent == folder / "checkpoints"


def test_fresh_ignores_what_an_earlier_training_left(monkeypatch):
    folder = killed()
    monkeypatch.setenv(FRESH, "1")
    with training_folder(TRAINING) as again:
        assert again == folder
        assert list(again.iterdir()) == []


def test_a_second_process_gets_a_folder_of_its_own(capsys):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", HOLD, *TRAINING]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        held = Path(holder.stdout.readline().decode().strip())
        with training_folder(TRAINING) as folder:
            assert folder != held
            assert list(folder.iterdir()) == []
        holder.kill()
    assert "another process trains the same" in capsys.readouterr().out
    with training_folder(TRAINING) as folder:
        assert folder == held


def test_a_finished_training_is_kept_until_its_artifacts_are_stored(zenml):
    folder = trained()
    zenml.stored[zenml.this] = False
    remove_finished()
    assert (folder / "epoch-00001").is_dir()
    zenml.stored[zenml.this] = True
    remove_finished()
    assert list(folder.parent.glob("*/*")) == []


def test_a_training_whose_run_was_deleted_is_removed():
    folder = trained()
    remove_finished()
    assert not folder.exists()


def test_an_interrupted_training_is_never_removed():
    folder = killed()
    remove_finished()
    assert (folder / "epoch-00001").is_dir()


def test_a_training_that_is_stored_is_not_taken_for_one_to_resume(zenml):
    trained()
    zenml.stored[zenml.this] = True
    with training_folder(TRAINING) as folder:
        assert list(folder.iterdir()) == []


def test_a_training_that_ended_before_it_was_stored_is_resumed(zenml):
    trained()
    zenml.stored[zenml.this] = False
    with training_folder(TRAINING) as folder:
        assert [path.name for path in folder.iterdir()] == ["epoch-00001"]


def test_a_folder_in_use_is_not_removed(zenml):
    folder = trained()
    zenml.stored[zenml.this] = True
    with FileLock(folder.parent / f"{folder.name}.lock"):
        remove_finished()
        assert (folder / "epoch-00001").is_dir()


@pytest.mark.parametrize("text", ["", "{", '{"step_run": "no id"}'])
def test_a_mark_cut_short_is_no_mark(text):
    folder = trained()
    (folder / FINISHED).write_text(text)
    remove_finished()
    with training_folder(TRAINING) as again:
        assert (again / "epoch-00001").is_dir()


def test_removal_is_all_or_nothing(zenml, monkeypatch):
    folder = trained()
    zenml.stored[zenml.this] = True

    def die(path):
        raise KeyboardInterrupt

    monkeypatch.setattr("operations.checkpoints.shutil.rmtree", die)
    with pytest.raises(KeyboardInterrupt):
        remove_finished()
    assert not folder.exists()


def test_the_mark_names_the_step(zenml):
    assert json.loads((trained() / FINISHED).read_text()) == {"step_run": str(zenml.this)}


def test_nothing_to_remove():
    remove_finished()
