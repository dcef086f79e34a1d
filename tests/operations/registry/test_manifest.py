"""All files of a version are those that were registered, and each use fetches them once."""

import re

import pytest
import yaml

from operations.inference.classifiers import load_registered
from operations.registry import registry
from operations.registry.copying import TRAVELLING
from operations.registry.details import AS_REGISTERED, details
from operations.registry.promotion import promote
from operations.registry.stored_files import check_stored, checked
from operations.tracking import model_files
from operations.tracking.model_files import DESCRIPTION, MANIFEST_TAG, differing, kept, manifest_from, manifest_of
from operations.training.initial_weights import initial_weights
from recognition.errors import InputError
from tests.operations.stored_models import versions


@pytest.fixture
def model(client, request):
    return versions(client, re.sub(r"\W", "-", request.node.name), 1)[0]


@pytest.fixture
def distant(model, monkeypatch, tmp_path):
    """The same model as of a server far away: what was downloaded, and where to."""
    import mlflow.artifacts

    folder, asked = kept(model.uri), []
    download = mlflow.artifacts.download_artifacts

    def downloaded(uri, dst_path=None):
        asked.append(uri)
        return download(str(folder), dst_path=dst_path)

    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", downloaded)
    monkeypatch.setattr(model_files, "_location", lambda uri: f"s3://far/{model.name}")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return asked


def test_a_version_knows_all_of_its_files(client, model):
    noted = manifest_from(model.manifest)
    assert noted == manifest_of(kept(model.uri))
    assert {DESCRIPTION, "data/model.keras"} <= noted.keys()
    assert registry.registered_model(client.get_model_version(model.name, "1")) == model
    check_stored(model)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: {**document, "loader_module": "os"},
        lambda document: {**document, "metadata": {**document["metadata"], "classes": ["dog", "cat"]}},
        lambda document: {**document, "metadata": {**document["metadata"], "temperature": 9}},
    ],
)
def test_a_description_that_was_changed_is_refused_everywhere(client, model, change):
    path = kept(model.uri) / DESCRIPTION
    before = path.read_text()
    path.write_text(yaml.safe_dump(change(yaml.safe_load(before))))
    for use in (check_stored, load_registered, lambda model: promote(client, model, "why")):
        with pytest.raises(InputError, match="MLmodel with SHA-256"):
            use(model)
    with pytest.raises(InputError, match="was changed"), initial_weights(model.uri):
        pass
    assert details(client, model).files.startswith("not as registered")
    path.write_text(before)
    assert details(client, model).files == AS_REGISTERED


def test_a_file_that_is_gone_is_named(model):
    path = kept(model.uri) / DESCRIPTION
    path.unlink()
    with pytest.raises(InputError, match="MLmodel is gone"):
        check_stored(model)


def test_what_nothing_reads_does_no_harm(model):
    (kept(model.uri) / "note.txt").write_text("of another tool")
    check_stored(model)


def test_what_mlflow_notes_beside_the_files_is_none_of_them(model):
    note = kept(model.uri) / "registered_model_meta"
    note.write_text("model_version: 1")
    assert note.name not in manifest_of(kept(model.uri))
    assert manifest_of(kept(model.uri)) == manifest_from(model.manifest)


def test_a_version_of_the_former_release_has_the_digest_of_its_model_alone(client, model):
    client.delete_model_version_tag(model.name, "1", MANIFEST_TAG)
    former = registry.registered_model(client.get_model_version(model.name, "1"))
    path = kept(model.uri) / DESCRIPTION
    path.write_text(path.read_text() + "\n")
    check_stored(former)
    (kept(model.uri) / "data" / "model.keras").write_bytes(b"other")
    with pytest.raises(InputError, match=r"data/model\.keras with SHA-256"):
        check_stored(former)


def test_a_manifest_does_not_travel():
    assert MANIFEST_TAG not in TRAVELLING


@pytest.mark.parametrize("use", ["checked", "details", "initial"])
def test_a_distant_model_is_downloaded_once_and_nothing_is_left(client, model, distant, tmp_path, use):
    if use == "checked":
        with checked(model) as folder:
            assert (folder / DESCRIPTION).is_file()
            assert folder.is_relative_to(tmp_path)
    elif use == "details":
        assert details(client, model).files == AS_REGISTERED
    else:
        with initial_weights(model.uri) as found:
            assert found.path.is_file()
    assert len(distant) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_step_has_one_download_until_its_process_ends(model, distant):
    assert kept(model.uri) == kept(model.uri)
    assert len(distant) == 1
    assert differing(kept(model.uri), manifest_from(model.manifest)) == {}
