import os
import signal
from pathlib import Path

import pytest

import run_pipeline

PROJECT = Path(__file__).resolve().parent.parent
OTHER_SEED = """
import sys
from dataclasses import replace

from operations.platform.environment import prepare_environment

prepare_environment()
from operations.runs.execution import execute
from operations.runs.reproduction import check_reproduction, find_original

original = find_original(sys.argv[1])  # which tells ZenML where the code is

from pipelines.reproduction import KIND

train = original.config.train.model_copy(update={"seed": original.config.train.seed + 1})
changed = replace(original, config=original.config.model_copy(update={"train": train}))
found = execute(KIND, check_reproduction(changed)).summary
print(found["verdict"], found["equal_weights"], found["touched"], sep=";")
"""


@pytest.fixture(scope="module")
def deterministic_run(shared_command, digits, first_records):
    """A training of digits that promises the same bits; its model is one of its own."""
    words = ("--set=train.deterministic=true", "--set=model.name=repeated", "--summary=summary.json")
    return shared_command.run(*digits, *words)


def test_help_is_there(capsys):
    with pytest.raises(SystemExit, match="0"):
        run_pipeline.main(["reproduce", "--help"])
    assert "--tolerance" in capsys.readouterr().out
    assert "  reproduce RUN" in run_pipeline.others()


@pytest.mark.parametrize("points", ["-1", "101", "nan", "x"])
def test_a_tolerance_out_of_range_is_refused(points):
    with pytest.raises(SystemExit, match="2"):
        run_pipeline.main(["reproduce", "latest", f"--tolerance={points}"])


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_deterministic_training_gives_the_same_bits_and_the_registry_stays(
    shared_command, deterministic_run, inspect
):
    before = inspect()
    outcome = shared_command.run("reproduce", deterministic_run.name)
    assert outcome.status == 0, outcome.stderr
    assert "elsewhere the same too" in " ".join(outcome.stdout.split())
    assert "\nbit-equal: weights and predictions are the same bits\n" in outcome.stdout
    after = inspect()
    assert all(before[registry] == after[registry] for registry in ("zenml_models", "mlflow_models"))
    assert after["zenml_runs"].keys() - before["zenml_runs"].keys() == {outcome.name}
    assert after["mlflow_runs"][outcome.name]["status"] == "FINISHED"
    running = shared_command.start("reproduce", "latest", OMP_NUM_THREADS="1")
    running.wait_for("\nrun reproduce-")
    running.send(signal.SIGINT)
    latest = running.end()
    assert latest.status == 130
    assert f"reproduce {deterministic_run.name}" in latest.stdout  # a reproduction is no training to be reproduced
    assert "variable OMP_NUM_THREADS none → 1" in " ".join(latest.stdout.split())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_another_seed_is_not_bit_equal(shared_command, deterministic_run, fork_server):
    environment = {**os.environ, "RECOGNITION_STATE": str(shared_command.state)}
    with fork_server.talking(["-c", OTHER_SEED, deterministic_run.name], PROJECT, environment) as (process, _, stdout):
        said = stdout.read()
        assert process.wait(60) == 0
    verdict, equal, touched = said.splitlines()[-1].split(";")
    assert verdict in ("within tolerance", "different")
    assert int(touched) > 0
    assert int(equal) < 10


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_fallbacks_data_are_known_again(shared_command, fallback_run):
    outcome = shared_command.run("reproduce", fallback_run.name)
    assert outcome.status == 0, outcome.stderr
    assert "ingest: digits" in outcome.stdout


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_other_data_are_told_before_anything_is_trained(shared_command, cifar100_run, make_cifar100_archive, tmp_path):
    other = make_cifar100_archive(tmp_path / "cifar-100-binary.tar.gz", train=60)
    changed = shared_command.run("reproduce", cifar100_run.name, RECOGNITION_DATA=str(other))
    assert changed.status == 2
    assert changed.stderr.startswith("error: the data are not those that the run was trained on")
    assert "epoch 1" not in changed.stdout
