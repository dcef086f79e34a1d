"""Servers that are away for a minute while a run needs them: nothing is lost, and nothing is there twice."""

import json
import time

import pytest

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]
MINUTE = 60.0  # seconds
SERVERS = {"zenml": "deployment/zenml", "mlflow": "deployment/mlflow", "s3": "statefulset/s3"}
MODEL = "cluster-outages"


def test_each_server_is_away_for_a_minute(submit, installation, digits_words):
    words = (*digits_words, f"--set=model.name={MODEL}", "--set=train.epochs=160", "--summary=summary.json")
    running = submit.start(*words)
    running.wait_for("epoch 2:")
    for server in SERVERS:
        scale(installation, server, 0)
        time.sleep(MINUTE)
        scale(installation, server, 1)
    ended = running.end()
    assert "Traceback" not in ended.stderr
    if ended.status != 0:  # failed clean
        assert ended.status == 1, ended.stderr
        assert "error: " in ended.stderr
        assert MODEL not in submit.run("models", "list").stdout
        ended = submit.run(*words)
    assert ended.status == 0, ended.stderr
    assert ended.summary["model"]["mlflow_version"] == "1"
    assert ended.summary["model"]["aliases"] == ["champion"]
    listed = json.loads(submit.run("models", "list", "--json").stdout)
    assert [each["version"] for each in listed if each["model"] == MODEL] == ["1"]


def scale(installation, server, replicas):
    """Let a server be away or there, and wait until it is."""
    kind, _, name = SERVERS[server].partition("/")
    installation.kubectl("scale", kind, name, f"--replicas={replicas}")
    if replicas:
        installation.kubectl("rollout", "status", SERVERS[server], "--timeout=300s")
    else:
        installation.kubectl("wait", "--for=delete", "pod", "-l", f"app.kubernetes.io/name={name}", "--timeout=120s")
