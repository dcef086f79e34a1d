import warnings

import pytest

from tests.operations.state import connect, empty_state, kept, own_process, own_state


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A module's own state folder, with ZenML's and MLflow's databases."""
    with own_state(empty_state(tmp_path_factory)) as folder:
        yield folder


@pytest.fixture(scope="module")
def client(state):
    """MLflow's client."""
    return connect()


@pytest.fixture
def kept_state(client, state):
    """What the module's fixtures have made is there for the next test too, whatever becomes of it in this one."""
    with kept(state):
        yield


@pytest.fixture
def restored_process():
    """Variables, warnings and loggers may be changed."""
    with own_process(), warnings.catch_warnings():
        yield


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty state folder, where no database is needed."""
    monkeypatch.setenv("RECOGNITION_STATE", str(tmp_path / "state"))
    return tmp_path / "state"
