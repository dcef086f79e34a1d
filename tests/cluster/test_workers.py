"""A training that two pods share, and one of which is taken away."""

import re

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]
COMPARED = (1, 2, 3, 4)  # epochs, after which rounding errors that differ have grown


def losses(outcome):
    """Loss and validation loss by epoch; of one that was trained twice, the last time."""
    found = re.findall(r"epoch (\d+): loss ([\d.]+), validation loss ([\d.]+)", outcome.stdout)
    return {int(epoch): (float(loss), float(validation)) for epoch, loss, validation in found}


def test_two_workers_learn_what_one_learns_also_where_one_is_lost(submit, installation, undisturbed):
    words, undisturbed_end = undisturbed
    running = submit.start(*words, "--set=model.name=cluster-two-workers", "--set=train.workers=2")
    running.wait_for("epoch 2:")
    worker = installation.kubectl("get", "pods", "-l", "recognition/workers", "-o", "name").split()[0]
    installation.kubectl("delete", worker, "--grace-period=0", "--force")
    ended = running.end()
    assert ended.status == 0, ended.stderr
    assert "worker 1 of 2; 2 devices share each batch" in ended.stdout
    assert "resuming after epoch" in ended.stdout
    assert len(installation.pods("train", ended.name)) == 2
    alone = undisturbed_end()
    expected = losses(alone)
    assert losses(ended).keys() == expected.keys()
    for epoch in COMPARED:
        assert losses(ended)[epoch] == pytest.approx(expected[epoch], rel=0.02, abs=0.002)
    assert abs(ended.summary["test"]["accuracy"] - alone.summary["test"]["accuracy"]) < 0.02
    assert ended.summary["model"]["mlflow_version"] == "1"
    assert installation.kubectl("get", "pods,services", "-l", "recognition/workers", "-o", "name") == ""
