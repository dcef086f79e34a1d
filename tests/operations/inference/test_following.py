from types import SimpleNamespace

import pytest

from operations.inference.following import Follower, ResolvedModel
from operations.registry.registered_model import RegisteredModel
from recognition.errors import InputError
from recognition.prediction.rejection import Rejection
from recognition.serving.limits import Limits
from recognition.serving.service import Service
from tests.recognition.serving.served import StubEngine, until


def model(version, rejection=None):
    registered = RegisteredModel(name="colours", zenml_version=version, mlflow_version=version, sha256=version)
    return ResolvedModel(registered, rejection)


class Registry:
    """What it names, and which versions cannot be loaded."""

    def __init__(self):
        self.names, self.broken, self.loaded = model("1"), set(), []

    def find(self):
        if isinstance(self.names, Exception):
            raise self.names
        return self.names

    def load(self, registered):
        self.loaded.append(registered.mlflow_version)
        if registered.mlflow_version in self.broken:
            raise InputError("damaged")
        return StubEngine(registered.mlflow_version)


@pytest.fixture
def registry():
    return Registry()


@pytest.fixture
def service():
    return Service(Limits())


def follower_of(registry, service, seconds=0.01):
    return Follower(registry.find, registry.load, service, seconds)


def test_the_first_model_is_loaded_beside_the_server(registry, service):
    server = SimpleNamespace(should_exit=False)
    with follower_of(registry, service, None).beside(server, model("1")):
        until(lambda: service.card is not None)
    assert (service.card.version, server.should_exit) == ("1", False)


def test_a_first_model_that_cannot_be_loaded_ends_the_server(registry, service):
    registry.broken = {"1"}
    server, follower = SimpleNamespace(should_exit=False), follower_of(registry, service)
    with follower.beside(server, model("1")):
        until(lambda: server.should_exit)
    assert isinstance(follower.failure, InputError)


def test_without_a_first_model_the_server_waits_until_the_registry_names_one(registry, service):
    registry.names = InputError("nothing is registered yet")
    server, follower = SimpleNamespace(should_exit=False), follower_of(registry, service)
    with follower.beside(server, None):
        follower.look()
        assert service.card is None
        registry.names = model("1")
        until(lambda: service.card is not None)
    assert (service.card.version, server.should_exit) == ("1", False)


def test_another_version_is_taken_and_the_same_one_is_not_loaded_again(registry, service):
    server = SimpleNamespace(should_exit=False)
    with follower_of(registry, service).beside(server, model("1")):
        until(lambda: service.card is not None)
        registry.names = model("2")
        until(lambda: service.card.version == "2")
    assert registry.loaded == ["1", "2"]


def test_a_version_with_another_threshold_is_taken(registry, service):
    follower = follower_of(registry, service)
    follower.look()
    registry.names = model("1", Rejection(target_error=0.05, threshold=0.9, error=0.02, coverage=0.7, images=500))
    follower.look(), follower.look()
    assert registry.loaded == ["1", "1"]


def test_a_version_that_cannot_be_loaded_leaves_the_old_one_and_is_tried_again_later(registry, service, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr("operations.inference.following.time.monotonic", lambda: clock.now)
    follower = follower_of(registry, service, 10)
    follower.look()
    registry.names, registry.broken = model("2"), {"2"}
    for clock.now in range(0, 100, 10):
        follower.look()
    assert service.card.version == "1"
    assert registry.loaded == ["1", "2", "2", "2", "2"]  # at 0, 10, 30 and 70 seconds
    assert 'recognition_model_loads_total{result="failed"} 4.0' in service.metrics.text().decode()
    registry.broken, clock.now = set(), 1_000
    follower.look()
    assert service.card.version == "2"


def test_a_newer_version_does_not_wait_for_one_that_failed(registry, service):
    follower = follower_of(registry, service, 1_000)
    follower.look()
    registry.names, registry.broken = model("2"), {"2"}
    follower.look()
    registry.names = model("3")
    follower.look()
    assert service.card.version == "3"


def test_a_registry_that_does_not_answer_is_told_once_and_the_old_model_goes_on(registry, service, monkeypatch):
    told = []
    log = "operations.inference.following.log"
    monkeypatch.setattr(log, lambda event, *_, **fields: told.append(fields.get("reason")))
    follower = follower_of(registry, service)
    follower.look()
    registry.names = ConnectionError("down")
    follower.look(), follower.look()
    assert told == [None, "down"]
    assert service.card.version == "1"
