"""A user's own images through the whole pipeline: encoded, unbalanced, augmented in every way."""

import csv
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image, ImageDraw

from recognition.configuration.sections.data import DataConfig
from recognition.data.image_transform import ImageTransform
from recognition.data.own_images import read_own_images
from recognition.evaluation.score import score
from recognition.training.model_file import load_model

pytestmark = pytest.mark.slow  # whole runs
COUNTS = {"ring": 160, "bar": 40, "Größe 3 樱": 40}
AUGMENTATION = (
    "{random_crop: 1, rand_augment: 1, brightness: 0.1, contrast: 0.1, saturation: 0.1, hue: 0.02, cutout: 0.2"
)
SETTINGS = [
    "data.image_size=[20, 24]",
    "data.resize=pad",
    "data.max_decoded=0",
    f"augmentation={AUGMENTATION}, mixup: 0.2, cutmix: 0.5, featurewise_center: true}}",
    "train.epochs=8",
    "train.patience=6",
    "train.batch_size=16",
    "train.class_weights=sqrt",
    "evaluation.metric=macro_f1",
    "model.name=shapes",
]


def shape(kind, seed):
    """A drawing of its own."""
    generator = np.random.default_rng(seed)
    image = Image.new("RGB", (40, 30), tuple(generator.integers(0, 90, 3).tolist()))
    left, top = generator.integers(2, 12, 2).tolist()
    draw, ink = ImageDraw.Draw(image), tuple(generator.integers(150, 256, 3).tolist())
    if kind == "ring":
        draw.ellipse((left, top, left + 16, top + 16), outline=ink, width=3)
    elif kind == "bar":
        draw.rectangle((left, top, left + 24, top + 3), fill=ink)
    else:
        draw.rectangle((left, top, left + 16, top + 16), fill=ink)
    return image


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "shapes"
    for number, (kind, count) in enumerate(COUNTS.items()):
        (root / kind).mkdir(parents=True)
        for seed in range(count):
            shape(kind, 1_000 * number + seed).save(root / kind / f"{seed:03}.png")
    (root / "ring" / "broken.png").write_bytes(b"no image")
    return root


@pytest.fixture(scope="module")
def outcome(shared_command, first_records, shapes):
    written = ("--summary=summary.json", "--output=output", "--copy-errors=errors")
    words = (f"--set={setting}" for setting in [f"data.path={shapes}", *SETTINGS])
    return shared_command.run("--config=folder.yaml", *words, *written)


def test_the_run_ends_well_and_says_what_is_odd(outcome):
    assert outcome.status == 0, outcome.stderr
    assert "unreadable: 1 file: ring/broken.png" in outcome.stdout
    assert "sides are chosen by each image's content" in outcome.stdout
    assert "class weights from" in outcome.stdout
    assert outcome.summary["data"]["name"] == "shapes"
    assert outcome.summary["data"]["classes"] == 3
    assert outcome.summary["gate"]["metric"] == "macro_f1"
    assert "Größe 3 樱" in (outcome.folder / "output" / "report.html").read_text(encoding="utf-8")


def test_the_files_of_wrong_predictions_are_copied(outcome, shapes):
    with (outcome.folder / "errors" / "errors.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    test = outcome.summary["test"]
    assert len(rows) == round((1 - test["accuracy"]) * test["images"])
    for row in rows:
        assert (outcome.folder / "errors" / row["path"]).read_bytes() == (shapes / row["source"]).read_bytes()
        assert row["source"].startswith(f"{row['true']}/")


def test_the_registered_model_scores_files_as_the_report_says(outcome, shapes, tmp_path):
    path = Path(outcome.summary["model"]["path"])
    metadata = yaml.safe_load((path.parent.parent / "MLmodel").read_text())["metadata"]
    transform = ImageTransform.from_json(metadata["transform"])
    settings = {"image_size": [20, 24], "resize": "pad", "max_unreadable": 0.01}
    dataset, _ = read_own_images(DataConfig(source="folder", path=str(shapes), **settings), tmp_path)
    test = dataset.splits["test"]
    pixels = np.stack([transform.decode((shapes / path).read_bytes()).pixels for path in test.paths])
    predicted = np.asarray(load_model(path)(pixels)).argmax(axis=1)
    assert metadata["classes"] == list(dataset.classes)
    assert len(test) == outcome.summary["test"]["images"]
    assert score("accuracy", test.labels, predicted) == pytest.approx(outcome.summary["test"]["accuracy"], abs=1e-6)
    assert score("macro_f1", test.labels, predicted) == pytest.approx(outcome.summary["test"]["macro_f1"], abs=1e-6)
    assert outcome.summary["test"]["macro_f1"] > 0.4
