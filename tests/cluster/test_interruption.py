"""A pod that is deleted in mid-training changes nothing of what is learned."""

import io
import zipfile
from pathlib import Path

import h5py
import mlflow
import numpy as np
import pytest

from tests.cluster.test_core import delete_training_pod

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1500)]


def test_a_training_whose_pod_is_deleted_ends_as_if_nothing_had_been(submit, installation, undisturbed, tmp_path):
    words, undisturbed_end = undisturbed
    its_own_checkpoints = "--set=train.patience=1000"  # beside what trains the same it would begin anew
    running = submit.start(*words, "--set=model.name=cluster-killed", its_own_checkpoints)
    delete_training_pod(running, installation, "epoch 2:")
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
