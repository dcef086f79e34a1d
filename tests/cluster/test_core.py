"""What has to work on a cluster before anything else does."""

import json
import re
import time

import pytest
import s3fs

from recognition.data.location import ARCHIVE

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]
BUCKET = "recognition/data"


@pytest.fixture(scope="module")
def archive(installation, cifar100_path):
    """CIFAR-100 in the bucket."""
    keys = installation.secret("s3")
    place = cifar100_path / ARCHIVE if cifar100_path.is_dir() else cifar100_path
    with installation.reachable():
        files = s3fs.S3FileSystem(
            key=keys["access-key-id"],
            secret=keys["secret-access-key"],
            endpoint_url=installation.url("s3"),
            skip_instance_cache=True,
        )
        files.put(str(place), f"{BUCKET}/{ARCHIVE}")
    return f"s3://{BUCKET}/{ARCHIVE}"


def test_a_stack_that_is_applied_again_is_unchanged_and_works(submit, installation):
    again = submit.run("stack", "apply", installation.stack_file())
    assert (again.status, "unchanged" in again.stdout) == (0, True)
    checked = submit.run("stack", "check")
    assert checked.status == 0, checked.stdout
    assert "FAIL" not in checked.stdout


def test_cifar100_is_trained_on_once_whatever_becomes_of_the_pod_and_then_taken_from_the_cache(
    submit, installation, archive
):
    settings = (f"data.path={archive}", "data.train_limit=2500", "train.epochs=3", "checkpoint.every_seconds=1")
    words = ("--config=smoke.yaml", *(f"--set={setting}" for setting in settings), "--set=model.name=cluster-smoke")
    running = submit.start(*words, "--summary=summary.json")
    delete_training_pod(running, installation, "epoch 1:")
    first = running.end()
    assert first.status == 0, first.stderr
    assert "resuming after epoch" in first.stdout
    assert first.summary["test"]["accuracy"] >= 0.03
    assert first.summary["model"]["mlflow_version"] == "1"
    again = submit.run(*words, "--summary=summary.json")
    assert again.status == 0, again.stderr
    assert {"augmentation", "train", "evaluate"} <= again.cached()
    assert installation.pods("train", again.name) == []
    assert again.summary["model"]["mlflow_version"] == "1"


def test_a_scheduled_run_concludes_itself_and_leaves_nothing_behind(submit, installation, digits_words):
    words = (*digits_words, "--set=model.name=cluster-nightly", "--set=retrain={}")
    timing = ("--set=schedule.name=nightly", '--set=schedule.cron="0 3 1 1 *"')
    applied = submit.run("schedule", "apply", *words, *timing)
    assert applied.status == 0, applied.stderr
    started = submit.run("schedule", "run-now", "nightly")
    assert started.status == 0, started.stderr
    job = started.stdout.split()[-1]
    wait_for(lambda: finished(installation, job))
    assert finished(installation, job) == "Complete"
    shown = submit.run("models", "show", "cluster-nightly/1")
    assert "scheduled" in shown.stdout, shown.stderr
    assert "champion" in shown.stdout
    removed = submit.run("schedule", "remove", "nightly")
    assert removed.status == 0, removed.stderr
    assert json.loads(installation.kubectl("get", "cronjobs", "-o", "json"))["items"] == []
    secrets = json.loads(installation.kubectl("get", "secrets", "-o", "json"))["items"]
    assert not [secret for secret in secrets if secret["metadata"]["name"].startswith("zenml-token")]


def delete_training_pod(running, installation, text):
    """Delete the pod of a run's training once its log holds a text."""
    running.wait_for("train: pod")
    name = re.search(r"train: pod (\S+)\n", running.output())[1]
    wait_for(lambda: text in installation.kubectl("logs", name), interval=0.3)  # told here seconds later
    installation.kubectl("delete", "pod", name, "--wait=false")


def finished(installation, job):
    """How a Job ended; "" while it goes on."""
    status = json.loads(installation.kubectl("get", "job", job, "-o", "json")).get("status", {})
    ended = [each["type"] for each in status.get("conditions", []) if each["status"] == "True"]
    return next((kind for kind in ("Complete", "Failed") if kind in ended), "")


def wait_for(condition, patience=600, interval=3):
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(interval)
