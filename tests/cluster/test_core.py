"""What has to work on a cluster before anything else does."""

import io
import json
import re
import time
import zipfile
from pathlib import Path

import h5py
import mlflow
import numpy as np
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


def test_cifar100_is_trained_on_once_and_then_taken_from_the_cache(submit, installation, archive):
    words = ("--config=smoke.yaml", f"--set=data.path={archive}", "--set=model.name=cluster-smoke")
    first = submit.run(*words, "--summary=summary.json")
    assert first.status == 0, first.stderr
    assert first.summary["test"]["accuracy"] >= 0.03
    assert first.summary["model"]["mlflow_version"] == "1"
    assert len(installation.pods("train", first.name)) == 1
    again = submit.run(*words, "--summary=summary.json")
    assert again.status == 0, again.stderr
    assert {"augmentation", "train", "evaluate"} <= again.cached()
    assert installation.pods("train", again.name) == []
    assert again.summary["model"]["mlflow_version"] == "1"


def test_a_training_whose_pod_is_deleted_ends_as_if_nothing_had_been(submit, installation, undisturbed, tmp_path):
    words, undisturbed_end = undisturbed
    its_own_checkpoints = "--set=train.patience=1000"  # beside what trains the same it would begin anew
    running = submit.start(*words, "--set=model.name=cluster-killed", its_own_checkpoints)
    running.wait_for("train: pod")
    name = re.search(r"train: pod (\S+)\n", running.output())[1]
    wait_for(lambda: "epoch 2:" in installation.kubectl("logs", name), interval=0.3)  # told here seconds later
    installation.kubectl("delete", "pod", name, "--wait=false")
    resumed = running.end()
    assert resumed.status == 0, resumed.stderr
    assert "resuming after epoch" in resumed.stdout
    whole = undisturbed_end()
    assert [each.summary["model"]["mlflow_version"] for each in (whole, resumed)] == ["1", "1"]
    models = ("cluster-undisturbed", "cluster-killed")
    first, second = (weights(installation, f"models:/{model}/1", tmp_path) for model in models)
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert resumed.summary["test"] == whole.summary["test"]


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


def weights(installation, address, folder):
    """A registered model's arrays by their place in its file."""
    password = installation.secret("mlflow-users")["pipeline"]
    with installation.reachable(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", installation.url("mlflow"))
        patch.setenv("MLFLOW_TRACKING_USERNAME", "pipeline")
        patch.setenv("MLFLOW_TRACKING_PASSWORD", password)
        place = mlflow.artifacts.download_artifacts(address, dst_path=str(folder))
    (path,) = Path(place).rglob("*.keras")
    arrays = {}
    with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        file.visititems(lambda name, each: arrays.update({name: each[()]}) if isinstance(each, h5py.Dataset) else None)
    path.unlink()
    return arrays


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
