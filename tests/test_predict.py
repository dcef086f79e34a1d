"""The verb predict: a small model in a registry of its own, and the command in this process."""

import csv
import io
import json
import os
import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import run_pipeline
from operations.registry.model_store import KERAS_FILE
from operations.registry.registry import apply_decision, champion, register
from operations.registry.rejection import settle_rejection
from operations.runs.prediction_run import unused_sections
from operations.tracking import mlflow_runs
from operations.tracking.logged_model import log_model
from operations.tracking.model_files import kept
from recognition.configuration.schema import RunConfig
from recognition.configuration.sections.notify import NotifyConfig
from recognition.configuration.sections.predict import PredictConfig
from recognition.configuration.sections.resources import ResourcesConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.evaluation.predict import predict
from recognition.prediction.rejection import Rejection, RejectionChoice
from tests.operations.state import connect, empty_state, own_state
from tests.recognition.data.files import encoded, write_images
from tests.recognition.data.test_image_transform import bomb
from tests.recognition.report.samples import decision_of

CLASSES = ["ape", "bee", "cow"]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """MLflow's client of a state folder of its own."""
    with own_state(empty_state(tmp_path_factory)):
        yield connect()


@pytest.fixture(scope="module")
def model():
    """For images of 8 x 8 pixels."""
    import keras

    keras.utils.set_random_seed(0)
    images = keras.Input((8, 8, 3), dtype="uint8", name="images")
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 64)(images))
    return keras.Model(images, keras.layers.Dense(len(CLASSES), activation="softmax")(x))


@pytest.fixture(scope="module")
def file(client, model):
    """Its stored file, registered as the champion of `pets`."""
    transform = {"height": 8, "width": 8, "channels": 3, "resize": "crop", "background": "#ffffff"}
    metadata = {"classes": CLASSES, "image_shape": [8, 8, 3], "transform": transform}
    file = log_model(client, mlflow_runs.run_id_of(client, "training"), model, metadata, np.zeros(0, np.uint64))
    apply_decision(client, register(client, "pets", file, metadata, []), decision_of(decision="promoted"))
    return file


@pytest.fixture
def version(client, file):
    """That version."""
    return champion(client, "pets")


@pytest.fixture
def ask(file, tmp_path, monkeypatch, capsysbinary):
    """A function: words -> exit status, standard output and standard error of the command; photos lie beside it."""
    write_images(tmp_path / "photos", 5)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run_pipeline, "prepare_environment", lambda debug: None)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run(*words):
        status = run_pipeline.main(["predict", *map(str, words)])
        told = capsysbinary.readouterr()
        return status, told.out.decode(), told.err.decode()

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def rows(path):
    with open(path, encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def test_a_file_is_answered_in_a_line(ask):
    status, out, err = ask("photos/0000.png")
    assert status == 0
    assert out.startswith("photos/0000.png  ")
    assert out.count("%") == len(CLASSES)
    assert err.startswith("1 predicted by pets version 1, ")


def test_a_table_has_the_evaluations_answers(ask, model):
    status, out, _ = ask("photos", "--output", "out.csv", "--top", 2)
    assert (status, out) == (0, "")
    assert sorted(os.listdir()) == ["out.csv", "photos"]
    answers = predict(model, np.stack([np.asarray(crop(seed)) for seed in range(5)]))
    found = rows("out.csv")
    assert [row["path"] for row in found] == [f"photos/{seed:04}.png" for seed in range(5)]
    assert [row["label"] for row in found] == [CLASSES[i] for i in answers.argmax(axis=1)]
    np.testing.assert_allclose([float(row["probability"]) for row in found], answers.max(axis=1), atol=1e-6)
    assert "label_2" in found[0]
    assert "label_3" not in found[0]


def crop(seed):
    """The middle of an image of 12 x 10, as the model's own transform resizes it."""
    image = Image.open(io.BytesIO(encoded(seed)))
    return image.resize((8, 8), Image.Resampling.BICUBIC, box=(1, 0, 11, 10))


@pytest.mark.parametrize("word", ["pets", "pets@champion", "pets/1", "champion", "models:/pets/1"])
def test_models_by_all_their_names(ask, word):
    status, _, err = ask("photos/0000.png", "--model", word)
    assert status == 0, err


def test_a_list_on_standard_input_and_json_on_standard_output(ask, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("photos/0001.png\nphotos/0003.png\n"))
    status, out, _ = ask("-", "--output", "-", "--top", 1, "--batch-size", 1)
    assert status == 0
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["path"] for line in lines] == ["photos/0001.png", "photos/0003.png"]
    assert all(line["label"] == line["label_1"] in CLASSES for line in lines)


def test_what_cannot_be_read_is_told_and_the_rest_predicted(ask):
    damage = {"text": b"I am a text", "huge": bomb(), "empty": b"", "cut": encoded(0, "JPEG")[:300]}
    for name, content in damage.items():
        with open(f"photos/{name}.png", "wb") as damaged:
            damaged.write(content)
    os.mkdir("photos/folder.png")  # a folder all the same
    status, _, err = ask("photos", "--output", "o.jsonl")
    assert status == 3
    for text in ("5 predicted by pets", "could not be read: 4", "  photos/cut.png: ", "  and 1 more"):
        assert text in err
    table = pd.read_json("o.jsonl", lines=True)
    assert table["label"].notna().sum() == 5
    assert table.set_index("path")["error"].dropna().index.tolist() == [
        f"photos/{name}.png" for name in ("cut", "empty", "huge", "text")
    ]


def test_below_the_threshold_it_is_none_of_these(ask, client, version):
    strict = Rejection(target_error=0.01, threshold=1.0, error=0.0, coverage=0.1, images=100)
    settle_rejection(client, version, 0.01, RejectionChoice(target_error=0.01, rejection=strict))
    try:
        status, _, err = ask("photos", "--output", "out.parquet")
        assert status == 0
        assert "none of these: 5 (100.0%)" in err
        assert pd.read_parquet("out.parquet")["label"].isna().all()
    finally:
        settle_rejection(client, version, 1, RejectionChoice())
    _, _, err = ask("photos")
    assert "none of these" not in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["photo"], ["there is no such path", "did you mean photos?"]),
        (["empty"], ["a folder holds no image"]),
        (["*.gif"], ["a pattern matches nothing"]),
        (["photos", "--model", "pet"], ["no registered model of this name", "did you mean pets?"]),
        (["photos", "--model", "pets/7"], ["no such version", "pets/1"]),
        (["photos", "--model", "pets@best"], ["this model has no best", "pets@champion"]),
        (["photos", "--output", "out.xlsx"], ["--output has no known format", ".csv, .jsonl, .parquet"]),
        (["photos", "--output", "photos"], ["--output names a folder"]),
        (["photos", "--output", "photos/0000.png/out.csv"], ["folder of --output cannot be written"]),
        (["list.csv", "--output", "list.csv"], ["names a file that is to be read"]),
        (["photos", "--top", "0"], ["--top is out of range"]),
        (["photos", "--batch-size", "-3"], ["--batch-size is out of range"]),
    ],
)
def test_mistakes_are_told_before_any_work(ask, words, told):
    os.mkdir("empty")
    with open("list.csv", "w") as table:
        table.write("path\nphotos/0000.png\n")
    before = sorted(os.listdir())
    status, out, err = ask(*words)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert [text for text in told if text not in err] == []
    assert sorted(os.listdir()) == before


def test_a_damaged_model_file_is_found_out(ask, file):
    path = kept(file.uri) / KERAS_FILE
    content = path.read_bytes()
    try:
        path.write_bytes(content[:-1] + b"?")
        status, _, err = ask("photos", "--output", "out.csv")
    finally:
        path.write_bytes(content)
    assert status == 2
    assert "the stored file of a model is not what was registered" in err
    assert not os.path.exists("out.csv")


def test_an_interruption_leaves_what_was_there(ask, monkeypatch):
    monkeypatch.setattr("operations.inference.prediction.predict_stream", interrupted)
    with open("out.csv", "w") as before:
        before.write("before")
    status, _, err = ask("photos", "--output", "out.csv")
    assert status == 130
    assert "interrupted: no file was written" in err
    assert sorted(os.listdir()) == ["out.csv", "photos"]
    with open("out.csv") as after:
        assert after.read() == "before"


def interrupted(*_):
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    time.sleep(60)
    yield []


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not stop root")
def test_a_folder_without_rights(ask):
    os.mkdir("photos/locked", 0)
    status, _, err = ask("photos")
    assert status == 3
    assert "photos/locked: Permission denied" in err


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["predict.paths=nowhere"], "there is no such path"),
        (["predict.paths=photos", "predict.model=pet"], "did you mean pets?"),
        (["predict.paths=photos", "calibrate.trials=3"], "a configuration predicts or calibrates"),
    ],
)
def test_the_pipeline_checks_before_it_starts(ask, capsysbinary, settings, told):
    assert told in refused(capsysbinary, *(f"--set={setting}" for setting in settings))


def test_a_prediction_has_no_checkpoint_to_ignore(ask, capsysbinary):
    told = refused(capsysbinary, "--set=predict.paths=photos", "--fresh")
    assert "--fresh needs a training\n  received: a configuration with predict.paths" in told


def refused(capsysbinary, *words):
    assert run_pipeline.main(["--config=predict.yaml", *words]) == 2
    written = capsysbinary.readouterr()
    assert written.out == b""
    return written.err.decode()


def test_what_a_prediction_does_not_use_is_named():
    config = RunConfig(
        predict=PredictConfig(paths="photos"),
        train=TrainConfig(epochs=3),
        resources=ResourcesConfig(threads=2, gpus=1, memory="2Gi"),
        notify=NotifyConfig(url="http://127.0.0.1", events=["kept", "failed"]),
    )
    assert unused_sections(config) == ["train", "resources.memory", "resources.gpus", "notify.events: kept"]
    assert unused_sections(RunConfig(predict=PredictConfig(paths="photos"))) == []
