import pytest
from sqlalchemy import Engine, event

from tests.recognition.training.samples import few_digits


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    return few_digits(tmp_path_factory.mktemp("digits"))


@pytest.fixture(autouse=True, scope="session")
def _unflushed():
    """Nobody pulls the plug in a test: the database need not wait for the disk."""

    def hurry(connection, _):
        connection.execute("PRAGMA synchronous = OFF")

    event.listen(Engine, "connect", hurry)
    yield
    event.remove(Engine, "connect", hurry)
