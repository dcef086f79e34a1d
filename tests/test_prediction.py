"""Prediction by models that whole runs have registered: the verb, and the pipeline."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from operations.platform.environment import PROJECT
from recognition.configuration.sections.data import DataConfig
from recognition.data.sources import read_dataset
from tests.recognition.data.files import encoded, write_images


def test_cifar100s_own_images_as_files(shared_command, cifar100_run, cifar100_path, tmp_path):
    """The same answers as the evaluation's of the run that trained the model."""
    test = read_dataset(DataConfig(path=str(cifar100_path)), tmp_path).splits["test"]
    for number in range(300):
        Image.fromarray(test.images[number]).save(tmp_path / f"{number:04}.png")
    outcome = shared_command.run("predict", tmp_path, "--model=cifar100-smoke/1", f"--output={tmp_path}/out.parquet")
    assert outcome.status == 0, outcome.stderr
    found = pd.read_parquet(tmp_path / "out.parquet")
    judged = pd.read_parquet(cifar100_run.folder / "output" / "predictions.parquet").head(300)
    np.testing.assert_allclose(found["probability"], judged["probability_1"], rtol=1e-4)
    names = read_dataset(DataConfig(path=str(cifar100_path)), tmp_path).classes
    same = found["label"] == judged["predicted"].map(dict(enumerate(names)))
    assert same.mean() > 0.99  # two classes may be as probable as each other


@pytest.fixture(scope="module")
def pipeline_run(shared_command, digits_run, tmp_path_factory):
    """predict.yaml on four images and a text, by the model of the digits."""
    assert digits_run.status == 0, digits_run.stderr
    folder = write_images(tmp_path_factory.mktemp("images"), 4)
    (folder / "text.png").write_text("I am a text")
    settings = (f"--set=predict.paths={folder}", "--set=predict.model=digits/1")
    return shared_command.run("--config=predict.yaml", *settings, "--summary=summary.json", "--output=output")


def test_the_pipeline_answers_and_tells_of_what_it_could_not_read(pipeline_run):
    assert pipeline_run.status == 3, pipeline_run.stderr
    summary = pipeline_run.summary
    assert (summary["images"], summary["answered"], summary["rejected"], summary["failed"]) == (5, 4, 0, 1)
    assert sum(summary["labels"].values()) == 4
    assert (summary["model"]["name"], summary["model"]["mlflow_version"]) == ("digits", "1")
    assert list(summary["steps"]) == ["configure", "choose_model", "predict"]
    table = pd.read_parquet(pipeline_run.folder / "output" / "predictions.parquet")
    assert table["error"].notna().sum() == 1
    assert "unreadable    1" in pipeline_run.stdout


def test_the_summary_is_documented(pipeline_run):
    page = (PROJECT / "docs" / "prediction.md").read_text(encoding="utf-8")
    assert [key for key in pipeline_run.summary if f"`{key}`" not in page] == []


def test_a_local_registry_is_read_without_zenml_whose_import_takes_seconds(shared_command, digits_run, tmp_path):
    (tmp_path / "one.png").write_bytes(encoded(1))
    words = ("predict", tmp_path / "one.png", "--model=digits/1")
    outcome = shared_command.run(*words, PYTHONPROFILEIMPORTTIME="1")
    assert outcome.status == 0, outcome.stderr
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in outcome.stderr.splitlines()}
    assert "mlflow" in imported
    assert "zenml" not in imported
    assert outcome.stdout.startswith(str(tmp_path))
