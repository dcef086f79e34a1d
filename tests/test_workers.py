import json
import re
import socket

import pytest

pytestmark = pytest.mark.slow  # two whole commands


@pytest.fixture(scope="module")
def outcomes(shared_command, digits, first_records):
    """What becomes of one training that two commands share, the chief's first."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    addresses = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    started = [
        shared_command.start(
            *digits,
            "--set=train.epochs=2",
            "--set=model.name=shared",
            "--summary=summary.json",
            TF_CONFIG=json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}),
        )
        for index in (0, 1)
    ]
    return [running.end() for running in started]


def losses(outcome):
    return re.findall(r"epoch \d: loss ([\d.]+), validation loss ([\d.]+)", outcome.stdout)


def test_both_learn_the_same(outcomes):
    assert [outcome.status for outcome in outcomes] == [0, 0], [outcome.stderr for outcome in outcomes]
    assert len(losses(outcomes[0])) == 2
    assert losses(outcomes[0]) == losses(outcomes[1])
    for number, outcome in enumerate(outcomes, 1):
        assert f"worker {number} of 2; 2 devices share each batch" in outcome.stdout


def test_the_chief_registers_and_the_other_ends(outcomes):
    chief, other = outcomes
    assert chief.summary["model"]["name"] == "shared"
    assert other.summary is None
    assert other.stdout.endswith("this worker is done; the chief evaluates and registers\n")
    assert "register:" not in other.stdout


def test_workers_who_were_never_named_are_bad_input(command, digits):
    outcome = command.run(*digits, TF_CONFIG="{}")
    assert outcome.status == 2
    assert "TF_CONFIG is not a training cluster" in outcome.stderr
    assert not (command.state / "zenml").exists()
