from pathlib import Path

import pytest

from materializers.model_file import ModelFileMaterializer
from operations.platform.references import references
from recognition.errors import RecognitionError
from recognition.training.model_file import ModelFile, file_digest

LAYERS = ("images | InputLayer | (None, 8, 8, 1) | 0", "<odd> & name | Dense | (None, 10) | 650")


@pytest.fixture
def data(state, tmp_path, request, monkeypatch):
    """A model's file that MLflow keeps in the state folder."""
    path = state / "mlflow" / request.node.name / "data" / "model.keras"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"a model")
    monkeypatch.setattr("operations.runs.step_surroundings.kept", lambda uri: path.parent.parent)
    return ModelFile(path, "models:/m-1", file_digest(path), LAYERS)


def test_a_model_file_comes_back(stored, data):
    assert stored(ModelFileMaterializer, data)[1] == data


def test_the_models_bytes_are_not_stored_again(stored, data, check_no_pickles):
    written, _ = stored(ModelFileMaterializer, data)
    assert b"a model" not in b"".join(path.read_bytes() for path in Path(written.uri).iterdir())
    check_no_pickles(written.uri)


def test_mlflows_file_is_one_it_cannot_do_without(stored, data):
    assert references(stored(ModelFileMaterializer, data)[0].uri) == [str(data.path)]


def test_the_download_from_a_remote_mlflow_is(stored, data, tmp_path):
    (tmp_path / "model.keras").write_bytes(b"a model")
    remote = ModelFile(tmp_path / "model.keras", data.uri, data.sha256)
    assert references(stored(ModelFileMaterializer, remote)[0].uri) == []


def test_another_file_than_the_stored_one_is_refused(stored, data):
    written, _ = stored(ModelFileMaterializer, data)
    data.path.write_bytes(b"another model")
    with pytest.raises(RecognitionError, match=f"not the one that was trained[^$]+expected: {data.sha256}"):
        written.load(ModelFile)


def test_the_layers_are_shown(artifact, data, check_visualizations):
    materializer = artifact(ModelFileMaterializer)
    assert check_visualizations(materializer, data) == ["layers.csv"]
    lines = Path(materializer.uri, "layers.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "layer,kind,output,parameters"
    assert lines[2] == '<odd> & name,Dense,"(None, 10)",650'


def test_the_hash_is_that_of_the_bytes(artifact, data):
    materializer = artifact(ModelFileMaterializer)
    assert materializer.compute_content_hash(data) == data.sha256
    assert materializer.extract_metadata(data) == {"uri": "models:/m-1", "sha256": data.sha256}
