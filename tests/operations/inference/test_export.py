import json
import shutil

import numpy as np
import pytest
from PIL import Image

from operations.inference import export as exporting
from operations.inference.export import export, render_export
from operations.registry import registry
from operations.registry.rejection import settle_rejection
from operations.tracking import mlflow_runs
from operations.tracking.logged_model import log_model
from recognition.data.image_transform import ImageTransform
from recognition.errors import InputError, RecognitionError
from recognition.export.description import FILE, Description
from recognition.prediction.rejection import Rejection, RejectionChoice
from tests.operations.inference import exported_pipeline
from tests.recognition.export.models import CLASSES, SHAPE, images_of, small_model

TRANSFORM = ImageTransform(*SHAPE, "pad", "#000000")
REJECTION = Rejection(target_error=0.1, threshold=0.4, error=0.05, coverage=0.9, images=100)
METADATA = {
    "classes": list(CLASSES),
    "superclasses": [],
    "superclass_of": [],
    "image_shape": list(SHAPE),
    "data": "made",
    "data_digest": "ab" * 32,
    "transform": TRANSFORM.to_json(),
    "temperature": 0.5,
}


@pytest.fixture(scope="module")
def artifact(client):
    return exported_pipeline.run("export-data")


@pytest.fixture(scope="module")
def registered(client, artifact):
    """A registered model with its data set, and one that nothing is linked to."""
    run = mlflow_runs.run_id_of(client, "export-training")
    seen = np.zeros(1, np.uint64)
    files = [log_model(client, run, small_model(seed=seed), METADATA, seen) for seed in range(2)]
    registry.register(client, "export-bare", files[1], {}, [])
    small = registry.register(client, "export-small", files[0], {}, [artifact.id])
    settle_rejection(client, small, 0.1, RejectionChoice(target_error=0.1, rejection=REJECTION))
    return small


WORD = "export-small/1"


@pytest.fixture
def photos(tmp_path):
    for label, image in zip(CLASSES, images_of(4, (20, 30, 3)), strict=True):
        (tmp_path / "photos" / label).mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / "photos" / label / "one.png")
    return tmp_path / "photos"


def test_everything_that_a_user_needs_is_beside_the_file(registered, tmp_path):
    description, folder = export(WORD, "onnx", "int8", tmp_path / "out")
    assert sorted(path.name for path in folder.iterdir()) == [FILE, "model.onnx"]
    assert Description.model_validate_json((folder / FILE).read_text("utf-8")) == description
    assert (description.model, description.version, description.sha256) == ("export-small", "1", registered.sha256)
    assert description.classes == CLASSES
    assert description.transform == TRANSFORM.to_json()
    assert description.temperature == 0.5
    assert description.rejection == REJECTION
    assert description.data == {"name": "made", "digest": "ab" * 32}
    assert description.parity.images == exported_pipeline.SIZES["test"]
    told = render_export(description, folder)
    assert str(folder / "model.onnx") in told
    assert "30 test images" in told


def test_as_many_images_are_checked_as_asked_for(registered, tmp_path):
    assert export(WORD, "onnx", output=tmp_path / "out", count=7)[0].parity.images == 7


def test_by_default_it_is_in_the_state_folder_and_replaced_the_next_time(registered, state):
    folders = [export(WORD, "onnx")[1] for _ in range(2)]
    assert folders[0] == folders[1]
    assert state.resolve() in folders[0].parents
    assert [path.name for path in folders[0].parent.iterdir()] == ["export-small-1-onnx"]


def test_an_export_that_answers_otherwise_leaves_nothing(registered, tmp_path):
    with pytest.raises(RecognitionError, match="does not answer as the registered one") as raised:
        export(WORD, "onnx", "int8", tmp_path / "out", tolerance=0.0)
    assert raised.value.exit_status == 1
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_export_stays_where_the_next_one_fails(registered, tmp_path):
    export(WORD, "onnx", output=tmp_path / "out")
    before = (tmp_path / "out" / FILE).read_bytes()
    with pytest.raises(RecognitionError):
        export(WORD, "onnx", "int8", tmp_path / "out", tolerance=0.0)
    assert (tmp_path / "out" / FILE).read_bytes() == before


def test_nothing_but_an_export_is_replaced(registered, photos):
    with pytest.raises(InputError, match="something that is no export"):
        export(WORD, "onnx", output=photos)
    assert len(list(photos.iterdir())) == 4


def test_labelled_images_of_ones_own_may_check_it(registered, photos, tmp_path):
    description, _ = export("export-bare/1", "onnx", output=tmp_path / "out", images=photos)
    assert description.parity.images == 4


@pytest.mark.parametrize(("quantize", "told"), [(None, "--images FOLDER"), ("int8", "take float16")])
def test_a_model_whose_data_are_unknown_says_what_to_do(registered, tmp_path, quantize, told):
    with pytest.raises(InputError, match="no longer stored") as raised:
        export("export-bare/1", "onnx", quantize, tmp_path / "out")
    assert told in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_another_program_registered(registered, client, tmp_path):
    source = client.get_model_version("export-small", "1").source
    client.create_registered_model("export-foreign")
    client.create_model_version("export-foreign", source=source, tags={"sha256": registered.sha256})
    with pytest.raises(InputError, match="no longer stored"):
        export("export-foreign/1", "onnx", output=tmp_path / "out")


def test_a_network_that_the_format_does_not_know(registered, monkeypatch, tmp_path):
    monkeypatch.setattr(exporting, "read_metadata", lambda uri: {**METADATA, "train": {"network": "convnext_tiny"}})
    with pytest.raises(InputError, match="onnx does not know this network"):
        export(WORD, "onnx", output=tmp_path / "out")


def test_a_model_whose_data_are_gone_too(registered, artifact, tmp_path):
    kept = tmp_path / "kept"
    shutil.move(artifact.uri, kept)
    try:
        with pytest.raises(InputError, match="no longer stored"):
            export(WORD, "onnx", output=tmp_path / "out")
    finally:
        shutil.move(kept, artifact.uri)


def test_the_json_is_what_the_docs_say(registered, tmp_path):
    """Every entry is explained in docs/export.md."""
    _, folder = export(WORD, "onnx", output=tmp_path / "out")
    document = json.loads((folder / FILE).read_text("utf-8"))
    text = (exported_pipeline.PROJECT / "docs" / "export.md").read_text("utf-8")
    names = [*document, *(f"{each}" for each in document["parity"]), *document["input"]]
    assert [name for name in names if f"`{name}`" not in text] == []
