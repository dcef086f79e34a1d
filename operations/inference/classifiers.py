"""Registered models, ready to answer."""

from __future__ import annotations

from pathlib import Path

from operations.platform.environment import load_tensorflow
from operations.registry.registered_model import RegisteredModel
from operations.registry.rejection import stored_rejection
from operations.registry.stored_files import checked
from operations.tracking.logged_model import KERAS_FILE
from operations.tracking.model_files import metadata_in
from recognition.prediction.classifier import Classifier, load_classifier


def load_registered(model: RegisteredModel, threads: int | None = None) -> Classifier:
    """Load a registered model, after its files were checked against the digests of its registration.

    Args:
        model: From `find_model`.
        threads: CPU threads that TensorFlow may use; None for every core.

    Raises:
        InputError: If its files are gone, or not what was registered.
        RecognitionError: If the file is no model of built-in layers.
    """
    with checked(model) as folder:
        return load_from(folder, model, threads)


def load_from(folder: Path, model: RegisteredModel, threads: int | None = None) -> Classifier:
    """Load a registered model from its files.

    Args:
        folder: From `checked`.
        model: The same.
        threads: As of `load_registered`, whose last error it has.
    """
    from mlflow import MlflowClient

    rejection = stored_rejection(MlflowClient(), model)
    load_tensorflow(threads)
    return load_classifier(folder / KERAS_FILE, metadata_in(folder), rejection)
