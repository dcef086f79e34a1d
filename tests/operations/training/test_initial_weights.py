import shutil

import numpy as np
import pytest

from operations.registry import model_store
from operations.registry.registry import apply_decision, register
from operations.tracking import mlflow_runs
from operations.tracking.logged_model import log_model
from operations.tracking.model_files import kept
from operations.training.initial_weights import InitialWeights, initial_weights
from recognition.errors import InputError
from recognition.training.model_file import file_digest
from tests.recognition.report.samples import decision_of

METADATA = {"classes": ["cat", "dog"], "image_shape": [4, 4, 1]}


def resolve_initial(address) -> InitialWeights:
    with initial_weights(address) as found:
        return found


def network():
    import keras

    images = keras.Input((4, 4, 1), dtype="uint8", name="images")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images))
    return keras.Model(images, keras.layers.Dense(2, activation="softmax")(x), name="small")


@pytest.fixture(scope="module")
def champion(client):
    """A stored model, champion of `photos`; `drawings` has a challenger only."""
    file = log_model(client, mlflow_runs.run_id_of(client, "training"), network(), METADATA, np.zeros(0, np.uint64))
    apply_decision(client, register(client, "photos", file, {}, []), decision_of(decision="promoted"))
    register(client, "drawings", file, {}, [])
    return file


def test_a_file_is_taken_as_it_is(tmp_path):
    path = tmp_path / "small.keras"
    network().save(path)
    assert resolve_initial(str(path)) == (path, {}, file_digest(path))


def test_a_file_may_lie_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    network().save(tmp_path / "small.keras")
    assert resolve_initial("~/small.keras").path == tmp_path / "small.keras"


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"is missing\n  received: .*small\.keras"):
        resolve_initial(str(tmp_path / "small.keras"))


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "small.keras").write_text("text")
    with pytest.raises(InputError, match="is not a Keras model"):
        resolve_initial(str(tmp_path / "small.keras"))


@pytest.mark.parametrize("address", ["models:/photos@champion", "models:/photos/1", "models:/drawings@challenger"])
def test_a_registered_model_brings_its_classes(address, champion):
    found = resolve_initial(address)
    assert (found.digest, file_digest(found.path)) == (champion.sha256, champion.sha256)
    assert found.metadata == METADATA


@pytest.mark.parametrize("address", ["models:/photos", "models:/photos/", "models:/@champion", "models:/photos@"])
def test_another_address_is_refused(address, champion):
    with pytest.raises(InputError, match=rf"received: {address}\n  expected: models:/NAME@ALIAS"):
        resolve_initial(address)


def test_an_unknown_model_is_refused_with_those_that_there_are(champion):
    with pytest.raises(
        InputError, match=r"names no registered model[^$]+a registered model: [^$]*drawings, [^$]*photos"
    ) as error:
        resolve_initial("models:/photo@champion")
    assert error.value.remedy == "--set train.init=models:/photos@champion"


def test_an_unknown_version_is_refused_with_the_aliases_that_there_are(champion):
    with pytest.raises(InputError, match=r"names no version of photos[^$]+an alias: champion") as error:
        resolve_initial("models:/photos/9")
    assert error.value.remedy == "--set train.init=models:/photos@champion"


def test_an_unknown_alias_is_refused_with_those_that_there_are(champion):
    with pytest.raises(InputError, match=r"names no alias of drawings[^$]+an alias: challenger") as error:
        resolve_initial("models:/drawings@champion")
    assert error.value.remedy == "--set train.init=models:/drawings@challenger"


def test_a_registry_that_does_not_answer_is_not_one_without_the_model(client, champion, monkeypatch):
    from mlflow.exceptions import MlflowException

    def fail(*arguments):
        raise MlflowException("the connection was lost")

    monkeypatch.setattr(type(client), "get_model_version_by_alias", fail)
    with pytest.raises(MlflowException, match="lost"):
        resolve_initial("models:/photos@champion")


def test_a_changed_file_is_refused(champion):
    before = champion.path.read_bytes()
    champion.path.write_bytes(before + b"more")
    try:
        with pytest.raises(InputError, match=r"was changed[^$]+models:/photos@champion, which is version 1"):
            resolve_initial("models:/photos@champion")
    finally:
        champion.path.write_bytes(before)


@pytest.mark.parametrize("lost", ["", model_store.KERAS_FILE, "MLmodel"])
def test_a_lost_file_is_told(lost, champion, tmp_path):
    path = kept(champion.uri) / lost
    aside = shutil.move(path, tmp_path / "kept")
    try:
        with pytest.raises(InputError, match=r"is gone[^$]+models:/photos@champion"):
            resolve_initial("models:/photos@champion")
    finally:
        shutil.move(aside, path)
