import re
import signal

import pytest

EPOCHS = 8
pytestmark = pytest.mark.slow  # whole commands, one after the other


@pytest.fixture(scope="module")
def long(digits):
    """Arguments of a training that goes on for a while after its second epoch."""
    return (*digits, f"--set=train.epochs={EPOCHS}", "--set=model.name=long", "--summary=summary.json")


@pytest.fixture(scope="module")
def interrupted(own_command, long):
    """The training, ended by Ctrl-C."""
    return stop(own_command.start(*long), "\n  epoch 2: ", signal.SIGINT)


@pytest.fixture(scope="module")
def after_interruption(own_inspect, own_command, interrupted):
    """What ZenML and MLflow say then, and the checkpoints that are left."""
    return own_inspect(), checkpoints(own_command)


@pytest.fixture(scope="module")
def fresh(own_command, long, after_interruption):
    """The same command, told to ignore that checkpoint, asked to end when it has its own."""
    return stop(own_command.start(*long, "--fresh"), "\n  epoch 2: ", signal.SIGTERM)


@pytest.fixture(scope="module")
def other(own_command, long, fresh):
    """A command with another recipe, while that one waits."""
    return own_command.run(*long, "--set=train.learning_rate=0.01")


@pytest.fixture(scope="module")
def killed(own_command, long, other):
    """The same command, ended without a chance to tidy up."""
    return stop(own_command.start(*long), "\n  epoch 5: ", signal.SIGKILL)


@pytest.fixture(scope="module")
def stopped_later(own_command, long, killed):
    """The same command, ended by Ctrl-C in a step after its training."""
    return stop(own_command.start(*long), "\nevaluate: ", signal.SIGINT)


@pytest.fixture(scope="module")
def finished(own_command, long, stopped_later):
    """The same command, undisturbed."""
    return own_command.run(*long)


@pytest.fixture(scope="module")
def records(own_inspect, finished):
    return own_inspect()


def stop(running, text, number):
    """Send a command a signal once it has printed a text."""
    running.wait_for(text)
    running.send(number)
    return running.end()


def checkpoints(command):
    return list((command.state / "checkpoints").glob("*/epoch-*.npz"))


def resumed_from(outcome):
    """The epoch that a training says to go on from, None where it says nothing of the kind."""
    said = re.search(rf"^  resuming after epoch (\d+) of {EPOCHS}.* from its checkpoint$", outcome.stdout, re.MULTILINE)
    return said and int(said[1])


def test_ctrl_c_ends_the_command_with_a_word(interrupted):
    assert interrupted.status == 130
    assert interrupted.stderr.strip() == "interrupted: the same command goes on from the last checkpoint"


def test_ctrl_c_stops_the_runs_and_registers_nothing(interrupted, after_interruption):
    records, _ = after_interruption
    assert records["zenml_runs"][interrupted.name]["status"] == "stopped"
    assert records["zenml_runs"][interrupted.name]["steps"]["train"] == "stopped"
    assert records["mlflow_runs"][interrupted.name]["status"] == "KILLED"
    assert "long" not in records["zenml_models"]
    assert "long" not in records["mlflow_models"]


def test_ctrl_c_keeps_the_last_checkpoint(after_interruption):
    _, found = after_interruption
    assert {checkpoint.name[:11] for checkpoint in found} <= {"epoch-00001", "epoch-00002", "epoch-00003"}
    assert found


def test_fresh_ignores_the_checkpoint(fresh):
    assert resumed_from(fresh) is None
    assert "\n  epoch 1: " in fresh.stdout


def test_sigterm_stops_the_runs_and_says_so(fresh, records):
    assert fresh.status == 143
    assert fresh.stderr.strip() == "terminated: the same command goes on from the last checkpoint"
    assert records["zenml_runs"][fresh.name]["status"] == "stopped"
    assert records["zenml_runs"][fresh.name]["steps"]["train"] == "stopped"
    assert records["mlflow_runs"][fresh.name]["status"] == "KILLED"


def test_another_recipe_does_not_go_on_from_the_checkpoint(other, fresh):
    assert other.status == 2
    assert "received: train.learning_rate: 0.01\n" in other.stderr
    assert f"as in run {fresh.name}" in other.stderr
    assert "--fresh" in other.stderr


def test_the_same_command_goes_on_after_a_termination(killed):
    assert resumed_from(killed) >= 1
    assert f"\n  epoch {resumed_from(killed)}: " not in killed.stdout
    assert f"\n  epoch {resumed_from(killed) + 1}: " in killed.stdout


def test_the_next_command_closes_the_runs_of_a_killed_one(killed, stopped_later, records):
    assert killed.status == -signal.SIGKILL
    assert f"closed run {killed.name}: its command was killed\n" in stopped_later.stdout
    assert records["zenml_runs"][killed.name]["status"] == "stopped"
    assert records["zenml_runs"][killed.name]["steps"]["train"] == "stopped"
    assert records["mlflow_runs"][killed.name]["status"] == "KILLED"


def test_the_next_command_goes_on_after_a_kill(stopped_later):
    assert resumed_from(stopped_later) >= 4


def test_ctrl_c_after_the_training_keeps_the_training(stopped_later, finished, records):
    assert stopped_later.status == 130
    assert records["mlflow_runs"][stopped_later.name]["status"] == "KILLED"
    assert records["zenml_runs"][stopped_later.name]["status"] == "stopped"
    assert records["zenml_runs"][stopped_later.name]["steps"]["train"] == "completed"
    assert "train" in finished.cached()


def test_a_training_in_pieces_ends_like_any_other(own_command, finished, records):
    assert finished.status == 0, finished.stderr
    assert finished.summary["train"]["resumed_from"] >= 4
    assert finished.summary["train"]["epochs"] == EPOCHS
    assert [step for step, _ in records["mlflow_runs"][finished.name]["metrics"]["train_loss"]] == [
        *range(1, EPOCHS + 1)
    ]
    assert [version["version"] for version in records["mlflow_models"]["long"]] == ["1"]
    assert checkpoints(own_command) == []
