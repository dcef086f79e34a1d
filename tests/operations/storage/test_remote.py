"""Pruning where MLflow is a server that hands files through."""

from datetime import timedelta

import pytest

from operations.registry import model_store, registry
from operations.storage.items import Kind, Policy
from operations.storage.prune import carry_out, make_plan
from operations.tracking import mlflow_runs
from operations.tracking.model_files import fetched
from tests.operations import tiny_pipeline
from tests.operations.mlflow_server import MlflowServer
from tests.operations.state import connect, empty_state, own_state
from tests.operations.stored_models import promoted, stored

EVERYTHING = Policy(1, timedelta(0))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The folder in which the server of the active stack's tracker keeps its files."""
    from zenml.client import Client
    from zenml.enums import StackComponentType

    folder = tmp_path_factory.mktemp("server")
    with (
        own_state(empty_state(tmp_path_factory)),
        MlflowServer(folder) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("operations.storage.zenml_inventory.PIPELINES", ("tiny",))
        zenml, tracker = Client(), StackComponentType.EXPERIMENT_TRACKER
        login = {"tracking_username": "anyone", "tracking_password": "anything"}
        zenml.create_stack_component("server", "mlflow", tracker, {"tracking_uri": server.address, **login})
        parts = {StackComponentType.ORCHESTRATOR: "default", StackComponentType.ARTIFACT_STORE: "default"}
        zenml.create_stack("server", {**parts, tracker: "server"})
        zenml.activate_stack("server")
        yield folder / "files"


@pytest.mark.slow
def test_files_on_a_server_go_and_those_of_the_champion_stay(server):
    client, models = connect(), []
    metadata = {"metrics": {"accuracy": 0.5}, "data": "made", "data_digest": "ab" * 32}
    for number in range(3):
        name = f"tiny-20260101-00000{number}-aaaaaa"
        tiny_pipeline.run(name, str(number))
        file = stored(client, f"remote {number}".encode(), run_name=name)
        mlflow_runs.finish_run(client, name, {"report.html": b"<p>"}, {})
        models.append(registry.register(client, "far", file, metadata, []))
    promoted(client, models[0])
    plan = make_plan(client, EVERYTHING)
    assert {item.size > 0 for item in plan.items if item.kind in (Kind.MODEL, Kind.TRACKED)} == {True}
    before = sum(1 for path in server.rglob("*") if path.is_file())
    gone, stayed = carry_out(client, EVERYTHING, plan.going)
    assert stayed == []
    assert {item.name for item in gone if item.kind is Kind.VERSION} == {"far version 2"}
    assert sum(1 for path in server.rglob("*") if path.is_file()) == before * 2 / 3
    with fetched(models[0].uri) as folder:
        assert (folder / model_store.KERAS_FILE).read_bytes() == b"remote 0"
    assert not folder.exists()
    assert make_plan(client, EVERYTHING).going == []
