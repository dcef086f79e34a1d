"""How a trained model becomes MLflow's: its bytes once, its signature, and what a user of it needs to know."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from operations.platform.termination import uninterrupted
from operations.tracking.model_files import kept, record_manifest
from recognition.training.model_file import ModelFile, describe_layers, file_digest

if TYPE_CHECKING:
    import keras
    from mlflow import MlflowClient

KERAS_FILE = "data/model.keras"  # where MLflow's Keras flavour keeps the model
SEEN_FILE = "seen_images.npy"
PACKAGES = ("keras", "tensorflow", "numpy")  # all that a stored model needs beside MLflow


@uninterrupted()
def log_model(
    client: MlflowClient, run_id: str, model: keras.Model, metadata: Mapping[str, Any], seen: NDArray[np.uint64]
) -> ModelFile:
    """Store a model once and for all, as a LoggedModel of an MLflow run.

    Args:
        client: A client from `tracking.connect`.
        run_id: The MLflow run that trained it.
        model: Uint8 images in, probabilities out; built-in layers only.
        metadata: What a user of the model needs to know: class names, data digest, configuration.
        seen: uint64, (n,), content hashes of the images it was trained or selected on.
    """
    import mlflow.keras
    from mlflow.models import Model

    mlflow.set_experiment(experiment_id=client.get_run(run_id).info.experiment_id)
    info = Model.log(
        artifact_path=None,
        name="model",
        flavor=mlflow.keras,
        run_id=run_id,
        model=model,
        signature=_signature(model),
        pip_requirements=_requirements(),
        metadata=dict(metadata),
    )
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / SEEN_FILE, seen, allow_pickle=False)
        client.log_model_artifacts(info.model_id, folder)
    files = kept(info.model_uri)
    record_manifest(client, info.model_id, files)
    path = files / KERAS_FILE
    return ModelFile(path, info.model_uri, file_digest(path), describe_layers(model))


def _signature(model: keras.Model) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import Schema, TensorSpec

    inputs = TensorSpec(np.dtype("uint8"), (-1, *model.input_shape[1:]), "images")
    outputs = TensorSpec(np.dtype("float32"), (-1, model.output_shape[-1]))
    return ModelSignature(Schema([inputs]), Schema([outputs]))


def _requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{package}=={version(package)}" for package in PACKAGES]
