"""Registered models, ready to answer."""

from __future__ import annotations

from operations.platform.environment import load_tensorflow
from operations.registry import model_store
from operations.registry.registered_model import RegisteredModel
from operations.registry.rejection import stored_rejection
from operations.registry.stored_files import check_stored
from recognition.prediction.classifier import Classifier, load_classifier


def load_registered(model: RegisteredModel, threads: int | None = None) -> Classifier:
    """Load a registered model, after its file was checked against the digest of its registration.

    Args:
        model: From `find_model`.
        threads: CPU threads that TensorFlow may use; None for every core.

    Raises:
        InputError: If its files are gone, or not what was registered.
        RecognitionError: If the file is no model of built-in layers.
    """
    from mlflow import MlflowClient

    rejection = stored_rejection(MlflowClient(), model)
    path = check_stored(model)
    load_tensorflow(threads)
    return load_classifier(path, model_store.metadata_of(model.uri), rejection)
