"""ZenML and MLflow on a state folder of their own."""

import logging
import os
import shutil
import warnings
from contextlib import contextmanager

from operations.environment import prepare_environment

FOREIGN = ("ZENML_", "MLFLOW_", "RECOGNITION_")


@contextmanager
def own_process():
    """Afterwards the variables and loggers of the process are as they were."""
    variables = dict(os.environ)
    loggers = [logging.getLogger(name) for name in ("", "recognition", "alembic", "urllib3")]
    handlers = [(handler, handler.level) for handler in logging.root.handlers]
    kept = [(logger.level, logger.propagate, list(logger.handlers)) for logger in loggers]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(variables)
        for logger, (level, logger.propagate, logger.handlers[:]) in zip(loggers, kept, strict=True):
            logger.setLevel(level)
        for handler, level in handlers:
            handler.setLevel(level)


def empty_state(factory):
    """A state folder with both databases, which nobody else uses; copied, since making one takes seconds."""
    template = factory.getbasetemp() / "template"
    if not template.exists():
        with own_state(template):
            pass
    folder = factory.mktemp("own") / "state"
    shutil.copytree(template, folder)
    configuration = folder / "zenml" / "config.yaml"
    configuration.write_text(configuration.read_text().replace(str(template), str(folder)))
    return folder


@contextmanager
def own_state(folder):
    """Let this be the state folder, with both databases in it."""
    with own_process():
        for name in [name for name in os.environ if name.startswith(FOREIGN)]:
            del os.environ[name]
        os.environ["RECOGNITION_STATE"] = str(folder)
        with warnings.catch_warnings():
            prepare_environment()
            forget_connections()
            connect()  # while the warnings of imports and migrations are let pass
        yield folder
    forget_connections()


def connect():
    from operations import tracking

    return tracking.connect()


def forget_connections():
    import mlflow
    from zenml.client import Client
    from zenml.config.global_config import GlobalConfiguration
    from zenml.stack import stack

    stack._STACK_CACHE.clear()  # by id, which a copied database has in common with its template
    GlobalConfiguration._reset_instance()
    Client._reset_instance()
    mlflow.set_tracking_uri(None)
