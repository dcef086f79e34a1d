"""ZenML and MLflow on a folder of their own."""

import os
import warnings
from contextlib import contextmanager

from operations.environment import prepare_environment

FOREIGN = ("ZENML_", "MLFLOW_", "RECOGNITION_")


@contextmanager
def own_state(folder):
    """Let the state folder be this one; afterwards the process is as it was."""
    kept = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    os.environ["RECOGNITION_STATE"] = str(folder)
    with warnings.catch_warnings():
        prepare_environment()
        _forget_connections()
    try:
        yield folder
    finally:
        os.environ.clear()
        os.environ.update(kept)
        _forget_connections()


def _forget_connections():
    import mlflow
    from zenml.client import Client
    from zenml.config.global_config import GlobalConfiguration

    GlobalConfiguration._reset_instance()
    Client._reset_instance()
    mlflow.set_tracking_uri(None)
