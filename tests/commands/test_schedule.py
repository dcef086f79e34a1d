import shlex

import pytest

import run_pipeline
from tests.operations.state import empty_state, own_state

NIGHTLY = ("--set=schedule.name=nightly", "--set=schedule.cron=0 3 * * *")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    with own_state(empty_state(tmp_path_factory)) as folder:
        yield folder


@pytest.fixture
def schedule(state, monkeypatch, capfd):
    """A function: words behind `schedule` -> exit status, standard output and error."""
    monkeypatch.setattr(run_pipeline, "prepare_environment", lambda debug: None)

    def called(*words):
        status = run_pipeline.main(["schedule", *words])
        return status, *capfd.readouterr()

    return called


def test_the_local_stack_prints_what_this_machine_can_do(schedule, state):
    status, out, err = schedule("apply", "--config=retrain.yaml", "--set=train.epochs=2", *NIGHTLY)
    assert status == 2
    assert err.startswith("error: this stack does not schedule runs\n")
    for words in ("CRON_TZ=UTC\n0 3 * * * cd ", "\nOnCalendar=*-*-* 03:00:00 UTC\n", "nightly.service", f"{state}"):
        assert words in out
    (line,) = [line for line in out.splitlines() if line.startswith("0 3 * * * ")]
    assert shlex.split(line)[-5:-3] == ["--set", "train.epochs=2"]


def test_what_this_machine_cannot_do_is_said(schedule):
    _, out, _ = schedule(
        *("apply", "--config=retrain.yaml", *NIGHTLY, "--set=schedule.overlap=replace", "--set=schedule.suspend=true")
    )
    assert "Neither stops a run for the next one" in out
    assert "install none of them yet" in out


def test_a_configuration_without_the_section_is_refused(schedule):
    status, out, err = schedule("apply", "--config=train.yaml")
    assert (status, out) == (2, "")
    assert "has no section schedule" in err


def test_an_alias_that_moves_is_not_frozen(schedule):
    status, _, err = schedule(*("apply", "--config=retrain.yaml", *NIGHTLY, "--set=train.init=models:/net@champion"))
    assert status == 2
    assert "retrain.init: champion" in err


def test_without_schedules_a_list_says_how_to_make_one(schedule):
    status, told, _ = schedule("list")
    assert (status, told.startswith("no schedules: run_pipeline.py schedule apply --config FILE makes one, ")) == (
        0,
        True,
    )


@pytest.mark.parametrize("verb", ["show", "pause", "resume", "remove", "run-now"])
def test_an_unknown_name_is_refused(schedule, verb):
    status, _, err = schedule(verb, "nightly")
    assert status == 2
    assert "there is no schedule of this name" in err
