import pytest

from tests.recognition.training import samples


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    return samples.few_digits(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="session")
def plan(dataset):
    return samples.moving_plan(dataset)


@pytest.fixture
def tiny(monkeypatch):
    """Every network that is built is the tiny one."""
    monkeypatch.setattr("recognition.training.learner.build_network", samples.tiny_network)
