from pathlib import Path
from types import SimpleNamespace

import pytest

from operations.runs import reproduction
from operations.runs.reproduction import Original, check_reproduction, differences, find_original, render_differences
from recognition.configuration.schema import RunConfig
from recognition.errors import InputError
from recognition.evaluation.evaluate import evaluate
from recognition.training.model_file import ModelFile
from tests.recognition.evaluation.samples import certain, split_of

DIGITS = {"data": {"source": "digits"}}
COMMIT = "ab" * 20
NOW = {"package keras": "3.15.1", "python": "3.11.2", "processor": "this one", "variable OMP_NUM_THREADS": "1"}


def original_of(facts, has_machine=True, config=DIGITS, digest="", began="", **parameters):
    """A run of this configuration, as ZenML would tell of it."""
    version = SimpleNamespace(run_metadata={"digest": digest})
    steps = {"ingest": SimpleNamespace(outputs={"dataset": [version]})}
    given = {"recipe": "smoke", "code": {"initial weights": began}, **parameters}
    run = SimpleNamespace(name="smoke-1", steps=steps, config=SimpleNamespace(parameters=given))
    split = split_of([0, 1])
    evaluation = evaluate(certain(split.labels, 2), split, ("a", "b"))
    model = ModelFile(Path("model.keras"), "models:/m-1", "0")
    return Original(run, RunConfig.model_validate(config), evaluation, model, "cpu", facts, has_machine)


@pytest.fixture
def here(monkeypatch):
    """This machine, and code whose hashes are all "new"."""
    monkeypatch.setattr(reproduction, "machine_facts", lambda: dict(NOW))
    monkeypatch.setattr(reproduction, "git_commit", lambda: COMMIT)
    monkeypatch.setattr(reproduction, "code_hash", lambda module: "new")


def same(**changes):
    code = {f"code of {name}": "new" for name in reproduction.STEPS}
    return {"commit": COMMIT, **code, **NOW, **changes}


def test_where_all_is_as_it_was_nothing_differs(here):
    assert differences(original_of(same())) == {}
    assert "the same too" in render_differences(original_of(same()), {})


def test_what_is_other_or_only_on_one_side_differs(here):
    then = {**same(), "package keras": "3.15.0", "code of train": "old", "variable XLA_FLAGS": "--fast"}
    del then["variable OMP_NUM_THREADS"]
    found = differences(original_of(then))
    assert found == {
        "package keras": ("3.15.0", "3.15.1"),
        "code of train": ("old", "new"),
        "variable OMP_NUM_THREADS": ("none", "1"),
        "variable XLA_FLAGS": ("--fast", "none"),
    }
    told = render_differences(original_of(then), found)
    assert "smoke-1, trained on cpu" in told
    assert "3.15.0 → 3.15.1" in told


def test_the_former_versions_code_is_the_same_where_it_gives_the_same(here, monkeypatch):
    monkeypatch.setattr(reproduction, "former_code", {"new": "former"}.get)
    assert differences(original_of(same(**{"code of train": "former"}))) == {}
    assert differences(original_of(same(**{"code of train": "another"}))) == {"code of train": ("another", "new")}


def test_of_earlier_code_only_what_it_recorded_is_compared(here):
    recorded = {name: value for name, value in same().items() if name in ("commit", "code of train", "python")}
    assert list(differences(original_of(recorded, has_machine=False))) == ["packages, processor"]


def test_a_run_can_be_repeated_here(folder):
    digest = check_digest(folder)
    job = check_reproduction(original_of({}, digest=digest))
    assert job.run_name.startswith("reproduce-smoke-")
    assert job.fallback == ""
    again = check_reproduction(original_of({}, digest=digest, fallback=True))
    assert "smoke-1 used it" in again.fallback


def test_other_data_are_refused(folder):
    with pytest.raises(InputError, match="not those that the run was trained on"):
        check_reproduction(original_of({}, digest="0" * 64))


def test_data_that_are_gone_are_refused(folder, tmp_path):
    config = {"data": {"source": "folder", "path": str(tmp_path / "gone")}}
    with pytest.raises(InputError, match="gone"):
        check_reproduction(original_of({}, config=config, digest="0" * 64))


def test_other_weights_to_begin_with_are_refused(folder):
    with pytest.raises(InputError, match="weights that the run began with"):
        check_reproduction(original_of({}, digest=check_digest(folder), began="ab" * 32))


def test_one_of_several_workers_is_refused(folder, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "{}")
    with pytest.raises(InputError, match="unset TF_CONFIG"):
        check_reproduction(original_of({}, digest="0" * 64))


def test_a_run_that_nobody_knows_is_refused(state):
    with pytest.raises(InputError, match="there is no"):
        find_original("nobody")


def check_digest(folder):
    from operations.platform.environment import data_cache
    from recognition.data.sources import read_dataset

    return read_dataset(RunConfig.model_validate(DIGITS).data, data_cache()).digest
