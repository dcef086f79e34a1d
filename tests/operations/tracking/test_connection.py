import pytest

from operations.tracking import connection
from operations.tracking.connection import connect
from recognition.errors import InputError
from tests.operations.state import empty_registry


def test_the_stacks_own_tracker_comes_first(state, monkeypatch, tmp_path_factory):
    import mlflow
    from zenml.client import Client
    from zenml.stack import Stack

    theirs = empty_registry(tmp_path_factory)

    class Tracker:
        def configure_mlflow(self):
            mlflow.set_tracking_uri(theirs)

    monkeypatch.setattr(Stack, "experiment_tracker", property(lambda stack: Tracker()))
    assert Client().active_stack.experiment_tracker is not None
    try:
        assert connection.connect().tracking_uri == theirs
    finally:
        monkeypatch.undo()
        connect()


def test_a_server_named_by_the_environment_takes_the_place_of_the_stack(client, monkeypatch):
    before = client.tracking_uri
    monkeypatch.setenv(connection.TRACKING_VARIABLE, "http://mlflow.example:5000")
    assert connect().tracking_uri == "http://mlflow.example:5000"
    monkeypatch.delenv(connection.TRACKING_VARIABLE)
    assert connect().tracking_uri == before


@pytest.mark.parametrize("address", ["mlflow:5000", "sqlite:///mlflow.db"])
def test_what_is_no_address_of_a_server_is_refused(address, monkeypatch):
    monkeypatch.setenv(connection.TRACKING_VARIABLE, address)
    with pytest.raises(InputError, match=connection.TRACKING_VARIABLE):
        connect()
