import numpy as np
import pytest

from operations.gate.champion_data import NO_CHAMPION, NOT_RECORDED, find_baseline, store_summary
from operations.registry.model_store import DATA_FILE, KERAS_FILE, add_file
from operations.registry.registry import apply_decision, register
from operations.tracking import mlflow_runs
from operations.tracking.logged_model import log_model
from operations.tracking.model_files import kept, read_file
from recognition.data.inspection import details_digest, inspect_dataset
from recognition.training.model_file import file_digest
from tests.recognition.data.samples import dataset_of
from tests.recognition.report.samples import decision_of


@pytest.fixture(scope="module")
def file(client):
    """A stored model, champion of `herbarium`."""
    import keras

    images = keras.Input((4, 4, 1), dtype="uint8", name="images")
    network = keras.Model(images, keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images)), name="small")
    file = log_model(client, mlflow_runs.run_id_of(client, "training"), network, {}, np.zeros(0, np.uint64))
    apply_decision(client, register(client, "herbarium", file, {}, []), decision_of(decision="promoted"))
    yield file
    client.delete_registered_model("herbarium")


@pytest.fixture(scope="module")
def dataset():
    return dataset_of()


def test_without_a_champion(client, dataset):
    baseline = find_baseline(client, "nobody", dataset)
    assert (baseline.summary, baseline.version, baseline.why) == (None, None, NO_CHAMPION)
    assert baseline.details == details_digest(dataset)


def test_a_champion_from_before_its_data_were_recorded(client, file, dataset):
    baseline = find_baseline(client, "herbarium", dataset)
    assert (baseline.summary, baseline.version, baseline.why) == (None, "1", NOT_RECORDED)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff"])
def test_a_record_that_cannot_be_read_is_none(client, file, dataset, content):
    add_file(client, file.uri, DATA_FILE, content)
    assert find_baseline(client, "herbarium", dataset).why == NOT_RECORDED


def test_a_champions_data_are_found_again(client, file, dataset):
    summary = inspect_dataset(dataset).summary
    for _ in range(2):
        store_summary(client, file.uri, summary)
    baseline = find_baseline(client, "herbarium", dataset_of(seed=1))
    assert (baseline.summary, baseline.version, baseline.why) == (summary, "1", "")


def test_a_file_that_is_added_leaves_the_model_as_it_was(client, file):
    add_file(client, file.uri, "note.txt", b"text")
    assert read_file("models:/herbarium/1", "note.txt") == b"text"
    assert read_file(file.uri, "note.txt") == b"text"
    assert file_digest(kept(file.uri) / KERAS_FILE) == file.sha256
    assert read_file("models:/herbarium/1", "nothing.txt") is None
    assert read_file("models:/nobody/1", "note.txt") is None
