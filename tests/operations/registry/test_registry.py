import json
import os
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from operations.registry import model_store, registry
from operations.registry.registry import (
    CHALLENGER,
    CHAMPION,
    aliases,
    apply_decision,
    champion,
    created,
    find_version,
    recorded_decision,
    register,
)
from operations.tracking import connection, mlflow_runs
from operations.tracking.logged_model import log_model
from operations.tracking.model_files import kept, read_metadata
from recognition.training.inference_model import with_temperature
from recognition.training.model_file import file_digest, load_model
from tests.recognition.report.samples import decision_of

METADATA = {"classes": ["zero", "one", "it's — “two”"], "image_shape": [8, 8, 1], "train": {"epochs": 3, "path": None}}
SEEN = np.array([1, 2**63, 2**64 - 1], np.uint64)
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
LOADS_ALONE = """
import json, sys

class Refusal:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("recognition", "operations", "materializers", "steps", "pipelines", "commands"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refusal())
import mlflow, numpy as np
model = mlflow.pyfunc.load_model("models:/alone@champion")
np.save("answers.npy", model.predict(np.load("images.npy")))
print(json.dumps(model.metadata.metadata))
"""


def network(seed):
    import keras

    keras.utils.set_random_seed(seed)
    images = keras.Input((8, 8, 1), dtype="uint8", name="images")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images))
    return keras.Model(images, keras.layers.Dense(3, activation="softmax", name="probabilities")(x), name=f"net{seed}")


@pytest.fixture(scope="module")
def models():
    return [network(seed) for seed in range(2)]


@pytest.fixture(scope="module")
def files(client, models):
    """The models' files, stored by two runs."""
    runs = [mlflow_runs.run_id_of(client, f"training-{i}") for i in range(2)]
    return [log_model(client, run, model, METADATA, SEEN) for run, model in zip(runs, models, strict=True)]


@pytest.fixture
def name(request):
    """Name of a registered model that no other test uses."""
    return request.node.name.replace("[", "-").replace("]", "")


@pytest.fixture
def pair(client, files, name):
    """Two registered versions."""
    return [register(client, name, file, {"metrics": {"accuracy": 0.5}}, []) for file in files]


def versions(client, name):
    return sorted(int(version.version) for version in client.search_model_versions(f"name = '{name}'"))


def zenml_versions(name):
    from zenml.client import Client

    return {str(version.number): version for version in Client().list_model_versions(model=name, hydrate=True).items}


def promoted(**changes):
    return decision_of(decision="promoted", **changes)


def test_a_stored_model_is_the_one_that_was_trained(files, models, state):
    for file, model in zip(files, models, strict=True):
        assert file.sha256 == file_digest(file.path)
        assert state in file.path.parents
        np.testing.assert_allclose(load_model(file.path)(IMAGES), model(IMAGES), atol=1e-6)
    assert files[0].sha256 != files[1].sha256
    assert files[0].layers[-1] == "probabilities | Dense | (None, 3) | 195"


def test_what_a_user_of_the_model_needs_travels_with_it(files):
    assert read_metadata(files[0].uri) == METADATA
    np.testing.assert_array_equal(np.load(kept(files[0].uri) / model_store.SEEN_FILE, allow_pickle=False), SEEN)


def test_nothing_of_a_stored_model_is_a_pickle(files):
    contents = {path.name: path.read_bytes() for path in kept(files[0].uri).rglob("*") if path.is_file()}
    with zipfile.ZipFile(files[0].path) as archive:
        contents |= {f"model.keras/{member}": archive.read(member) for member in archive.namelist()}
    assert {"MLmodel", "model.keras", "seen_images.npy", "model.keras/config.json"} <= contents.keys()
    for file, content in contents.items():
        assert not file.endswith((".pkl", ".pickle", ".joblib", ".bin")), file
        assert not content.startswith(b"\x80"), file  # the first byte of every binary pickle


def test_the_requirements_are_exact_and_few(files):
    lines = (kept(files[0].uri) / "requirements.txt").read_text().splitlines()
    assert {line.partition("==")[0] for line in lines} <= {"keras", "tensorflow", "numpy", "mlflow"}
    assert all("==" in line for line in lines)


def test_a_model_is_registered_once(client, files, name):
    first, again = (register(client, name, files[0], {"metrics": {"accuracy": 0.5}}, []) for _ in range(2))
    assert first == again
    assert versions(client, name) == [1]
    assert list(zenml_versions(name)) == [first.zenml_version]
    assert (first.mlflow_version, first.sha256) == ("1", files[0].sha256)
    assert find_version(client, name, files[0].sha256).version == 1
    assert find_version(client, name, "0" * 64) is None


def test_the_newest_version_is_the_challenger(client, pair, name):
    assert [each.mlflow_version for each in pair] == ["1", "2"]
    assert [aliases(client, each) for each in pair] == [[], [CHALLENGER]]
    assert champion(client, name) is None


def test_zenmls_version_knows_mlflows_and_the_metrics(pair, name):
    version = zenml_versions(name)[pair[1].zenml_version]
    assert version.run_metadata["mlflow_version"] == pair[1].mlflow_version
    assert version.run_metadata["sha256"] == pair[1].sha256
    assert version.run_metadata["metrics"] == {"accuracy": 0.5}
    assert [tag.name for tag in version.tags] == ["mlflow:2"]


def test_artifacts_are_linked_to_the_version(client, files, name):
    from zenml.client import Client

    from tests.operations import tiny_pipeline

    artifact = tiny_pipeline.run(name).steps["tiny_images"].outputs["tiny_dataset"][0]
    registered = register(client, name, files[0], {}, [artifact.id])
    version = zenml_versions(name)[registered.zenml_version]
    links = Client().list_model_version_artifact_links(model_version_id=version.id)
    assert [link.artifact_version.id for link in links] == [artifact.id]


def test_an_interrupted_registration_is_completed(client, files, name, monkeypatch):
    def die(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(registry, "create_zenml_version", die)
        with pytest.raises(KeyboardInterrupt):
            register(client, name, files[0], {}, [])
    registered = register(client, name, files[0], {}, [])
    assert versions(client, name) == [1]
    assert list(zenml_versions(name)) == [registered.zenml_version]
    assert aliases(client, registered) == [CHALLENGER]


def test_a_version_found_again_has_the_date_of_its_registration(client, files, pair, name):
    dates = [created(client, model) for model in pair]
    assert dates[0] <= dates[1] <= datetime.now(UTC)
    assert datetime.now(UTC) - dates[0] < timedelta(hours=1)
    assert created(client, register(client, name, files[0], {}, [])) == dates[0]


def test_promotion_moves_the_alias_and_zenmls_stage(client, pair, name):
    for _ in range(2):
        apply_decision(client, pair[0], promoted())
        assert champion(client, name) == pair[0]
        assert zenml_versions(name)[pair[0].zenml_version].stage == "production"
    apply_decision(client, pair[1], promoted())
    assert champion(client, name) == pair[1]
    assert [aliases(client, each) for each in pair] == [[], [CHAMPION]]
    stages = {number: version.stage for number, version in zenml_versions(name).items()}
    assert stages == {pair[0].zenml_version: "archived", pair[1].zenml_version: "production"}


def test_a_candidate_that_is_kept_back_stays_the_challenger(client, pair, name):
    apply_decision(client, pair[0], promoted())
    kept = decision_of(decision="kept")
    for _ in range(2):
        apply_decision(client, pair[1], kept)
        assert champion(client, name) == pair[0]
        assert aliases(client, pair[1]) == [CHALLENGER]
    assert recorded_decision(client, pair[1]) == kept
    assert client.get_model_version(name, "2").description == f"kept: {kept.reason}"
    metadata = zenml_versions(name)[pair[1].zenml_version].run_metadata["gate"]
    assert json.loads(json.dumps(metadata)) == kept.model_dump(mode="json")


def test_there_is_no_decision_before_the_gate(client, pair):
    assert recorded_decision(client, pair[0]) is None


def test_a_decision_in_words_of_another_version_of_the_code_is_none(client, pair, name):
    client.set_model_version_tag(name, "1", registry.GATE_TAG, '{"decision": "maybe"}')
    assert recorded_decision(client, pair[0]) is None


def test_a_judged_model_does_not_become_the_challenger_again(client, pair, files, name):
    apply_decision(client, pair[0], promoted())
    assert register(client, name, files[0], {}, []) == pair[0]
    assert [aliases(client, each) for each in pair] == [[CHAMPION], [CHALLENGER]]


def test_an_interrupted_promotion_is_completed(client, pair, name, monkeypatch):
    def die(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(type(client), "set_registered_model_alias", die)
        with pytest.raises(KeyboardInterrupt):
            apply_decision(client, pair[1], promoted())
    assert champion(client, name) is None
    apply_decision(client, pair[1], recorded_decision(client, pair[1]))
    assert champion(client, name) == pair[1]
    assert aliases(client, pair[1]) == [CHAMPION]


def test_an_unknown_model_has_no_champion(client):
    assert champion(client, "unknown") is None


def test_a_registry_that_does_not_answer_is_not_one_without_a_champion(client, name, monkeypatch):
    from mlflow.exceptions import MlflowException

    def fail(*arguments):
        raise MlflowException("the connection was lost")

    monkeypatch.setattr(type(client), "get_model_version_by_alias", fail)
    with pytest.raises(MlflowException, match="lost"):
        champion(client, name)


def tempered(temperature):
    """A model as training leaves it, and a function: images -> what numpy says that it must answer."""
    import keras

    images = keras.Input((8, 8, 1), dtype="uint8", name="images")
    dense = keras.layers.Dense(3)
    logits = dense(keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(images)))
    model = keras.Model(images, keras.layers.Softmax(name="probabilities")(logits))

    def answers(images):
        weights, bias = dense.get_weights()
        odds = np.exp((images.reshape(len(images), -1) / 255 @ weights + bias) / temperature)
        return odds / odds.sum(axis=1, keepdims=True)

    return with_temperature(model, temperature), answers


def test_a_fresh_process_needs_mlflow_and_nothing_of_ours(client, tmp_path):
    model, expected = tempered(2.5)
    file = log_model(client, mlflow_runs.run_id_of(client, "alone"), model, {**METADATA, "temperature": 2.5}, SEEN)
    apply_decision(client, register(client, "alone", file, {}, []), promoted())
    np.save(tmp_path / "images.npy", IMAGES)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("RECOGNITION_", "PYTHON"))},
        "MLFLOW_TRACKING_URI": connection.local_tracking_uri(),
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    }
    command = [sys.executable, "-P", "-c", LOADS_ALONE]
    output = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=120).stdout
    answers = np.load(tmp_path / "answers.npy")
    np.testing.assert_allclose(answers, expected(IMAGES), atol=1e-5)
    metadata = json.loads(output.decode().splitlines()[-1])
    assert (metadata["classes"], metadata["temperature"]) == (METADATA["classes"], 2.5)
