import contextlib
import csv
import io
from pathlib import Path
from uuid import uuid4

import pytest
from PIL import Image

from tests.operations.state import empty_state, own_state


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    """A module's own state folder, with ZenML's and MLflow's databases."""
    with own_state(empty_state(tmp_path_factory)) as folder:
        yield folder


@pytest.fixture(scope="module")
def store(state):
    """ZenML's local artifact store."""
    from zenml.client import Client

    return Client().active_stack.artifact_store


@pytest.fixture
def artifact(store):
    """A function: a materializer's class -> one with a new folder in the store."""

    def make(kind):
        uri = f"{store.path}/{kind.__name__}/{uuid4()}"
        store.makedirs(uri)
        return kind(uri=uri, artifact_store=store)

    return make


@pytest.fixture
def stored(artifact):
    """A function: a materializer's class and data -> the materializer, and what another one of its folder loads."""

    def store_and_load(kind, data):
        written = artifact(kind)
        written.save(data)
        loaded = kind(uri=written.uri, artifact_store=written.artifact_store).load(type(data))
        assert type(loaded) is type(data)
        return written, loaded

    return store_and_load


@pytest.fixture(scope="session")
def check_no_pickles():
    """A function: a folder's address -> fails if a file in it is a pickle, or holds one."""

    def check(uri):
        files = [path for path in Path(uri).rglob("*") if path.is_file()]
        assert files
        for path in files:
            assert path.suffix in {".json", ".npy", ".npz", ".png", ".csv", ".parquet"}
            assert not path.read_bytes().startswith(b"\x80")
            assert path.suffix != ".npy" or b"|O" not in path.read_bytes()[:128]

    return check


@pytest.fixture(scope="session")
def check_visualizations():
    """A function: a materializer and data -> names of its pictures and tables, each of which was looked at."""

    def check(materializer, data):
        shown = materializer.save_visualizations(data)
        for path, kind in shown.items():
            assert Path(path).parent == Path(materializer.uri)
            {"image": _check_picture, "csv": _check_table}[kind.value](Path(path).read_bytes())
        return sorted(Path(path).name for path in shown)

    return check


def _check_picture(content):
    with contextlib.closing(Image.open(io.BytesIO(content))) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert min(picture.size) >= 50


def _check_table(content):
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"))))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}
