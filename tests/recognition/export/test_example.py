"""The example in docs/, in a process that has neither our packages nor, where it needs none, TensorFlow."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.data.image_transform import ImageTransform
from recognition.export.choice import Choice
from recognition.export.export import export_model
from recognition.prediction.answers import answers_of
from recognition.prediction.rejection import Rejection
from tests.recognition.export.models import CLASSES, images_of, small_model

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "classify.py"
ALONE = """
import runpy, sys

class Refusal:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Refusal())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
OURS = {"recognition", "operations", "materializers", "steps", "pipelines", "commands", "keras"}


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Six pictures of other sizes than the model's, one with transparency."""
    folder = tmp_path_factory.mktemp("pictures")
    paths = [folder / f"{i}.png" for i in range(6)]
    for path, pixels in zip(paths, images_of(6, (18, 24, 3), seed=5), strict=True):
        Image.fromarray(pixels).save(path)
    Image.open(paths[0]).convert("RGBA").resize((9, 9)).save(paths[0])
    return paths


def test_a_file_that_is_no_image_is_told_and_the_others_are_not_lost(pictures, tmp_path, capsys):
    text = tmp_path / "text.png"
    text.write_text("no image")
    document = {"format": "made", "file": "", "classes": CLASSES, "rejection": None}
    document["transform"] = ImageTransform(8, 8, 1, "crop", "#3366cc").to_json()
    (tmp_path / "export.json").write_text(json.dumps(document))
    example = runpy.run_path(str(EXAMPLE))
    example["RUN"]["made"] = lambda path, images, told: np.full((len(images), len(CLASSES)), 1 / len(CLASSES))
    assert example["main"](tmp_path, text) == 3
    assert example["main"](tmp_path, text, *pictures) == 3
    assert example["main"](tmp_path, *pictures) == 0
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 2 * len(pictures)
    assert [line.partition(": ")[0] for line in output.err.splitlines()] == [str(text)] * 2


def told(output):
    return [(line.split(": ")[1].rsplit(" ", 1)[0], float(line.rsplit(" ", 1)[1])) for line in output.splitlines()]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_it_prepares_images_as_training_did(pictures, resize, channels):
    transform = ImageTransform(8, 10, channels, resize, "#3366cc")
    prepare = runpy.run_path(str(EXAMPLE))["prepare"]
    for path in pictures:
        ours = transform.decode(path.read_bytes()).pixels.astype(int)
        assert np.abs(prepare(path, transform.to_json()) - ours).max() <= 1


@pytest.mark.parametrize(
    "choice",
    [Choice("onnx"), Choice("litert"), pytest.param(Choice("savedmodel"), marks=pytest.mark.slow)],  # loads TensorFlow
    ids=str,
)
def test_it_answers_as_the_model(model, pictures, tmp_path, choice):
    transform = ImageTransform(8, 8, 1, "crop", "#3366cc")
    probabilities = model(np.stack([transform.decode(path.read_bytes()).pixels for path in pictures])).numpy()
    threshold = float(np.sort(probabilities.max(axis=1))[1]) - 0.001
    rejection = Rejection(target_error=0.1, threshold=threshold, error=0.1, coverage=0.9, images=10)
    ends = {"input": {"name": "images"}, "output": {"name": "probabilities"}}
    document = {"format": choice.format, "file": choice.file, "classes": CLASSES, **ends}
    document |= {"transform": transform.to_json(), "rejection": {"threshold": threshold}}
    (tmp_path / "export.json").write_text(json.dumps(document))
    export_model(model, choice, tmp_path / choice.file, images_of(1))
    refused = OURS - {"keras"} if choice.format == "savedmodel" else OURS | {"tensorflow"}
    words = [sys.executable, "-c", ALONE.replace("REFUSED", repr(refused)), EXAMPLE, tmp_path, *pictures]
    answered = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    expected = answers_of(probabilities, CLASSES, 1, rejection)
    for (label, probability), answer in zip(told(answered.stdout), expected, strict=True):
        assert label == (answer.label or "none of these")
        assert probability == pytest.approx(answer.probability, abs=0.002)
