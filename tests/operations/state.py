"""ZenML and MLflow on a state folder of their own."""

import logging
import os
import shutil
import sqlite3
import warnings
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from operations.platform.environment import prepare_environment
from tests.forked import hasten

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
    template = _template(factory)
    folder = factory.mktemp("own") / "state"
    shutil.copytree(template, folder)
    configuration = folder / "zenml" / "config.yaml"
    configuration.write_text(configuration.read_text().replace(str(template), str(folder)))
    return folder


def empty_registry(factory):
    """Address of a database for MLflow that nobody else uses, and that lies outside of any state folder."""
    path = factory.mktemp("registry") / "mlflow.db"
    shutil.copy(_template(factory) / "mlflow" / "mlflow.db", path)
    return f"sqlite:///{path}"


def _template(factory):
    template = factory.getbasetemp() / "template"
    if not template.exists():
        with own_state(template):
            pass
    return template


@contextmanager
def own_state(folder):
    """Let this be the state folder, with both databases in it."""
    with own_process():
        for name in [name for name in os.environ if name.startswith(FOREIGN)]:
            del os.environ[name]
        os.environ["RECOGNITION_STATE"] = str(folder)
        with warnings.catch_warnings():
            prepare_environment()
            hasten()
            forget_connections()
            connect()  # while the warnings of imports and migrations are let pass
        yield folder
    forget_connections()


@contextmanager
def kept(folder):
    """Afterwards databases and files of a state folder are as they were."""
    databases = list(folder.rglob("*.db"))
    with TemporaryDirectory() as copies:
        for number, database in enumerate(databases):
            _copy(database, Path(copies) / f"{number}")
        shutil.copytree(folder, Path(copies) / "files", ignore=shutil.ignore_patterns("*.db*"))
        yield
        for number, database in enumerate(databases):
            _copy(Path(copies) / f"{number}", database)
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
            elif path.is_file() and ".db" not in path.name:
                path.unlink()
        shutil.copytree(Path(copies) / "files", folder, dirs_exist_ok=True)


def _copy(database, to):
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def connect():
    from operations.tracking import connection

    return connection.connect()


def forget_connections():
    import mlflow
    from zenml.client import Client
    from zenml.config.global_config import GlobalConfiguration
    from zenml.stack import stack

    stack._STACK_CACHE.clear()  # by id, which a copied database has in common with its template
    GlobalConfiguration._reset_instance()
    Client._reset_instance()
    mlflow.set_tracking_uri(None)
