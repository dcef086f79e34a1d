import pytest

from tests.operations.state import own_state


@pytest.fixture(scope="session")
def state_on_disk(tmp_path_factory):
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def state(state_on_disk):
    """A state folder with ZenML's and MLflow's databases, for the length of a module."""
    with own_state(state_on_disk) as folder:
        yield folder
