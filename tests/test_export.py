import json
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "examples" / "classify.py"


def test_help_is_there(command):
    outcome = command.run("export", "--help")
    assert outcome.status == 0
    assert "--quantize" in outcome.stdout
    assert "export --model MODEL" in command.run("--help").stdout


def test_a_pair_that_does_not_work_is_refused_before_anything_is_imported(command):
    words = ("export", "--model=nobody", "--format=savedmodel", "--quantize=int8")
    outcome = command.run(*words, PYTHONPROFILEIMPORTTIME="1")
    assert outcome.status == 2
    assert "error: this format cannot be quantized so" in outcome.stderr
    assert " zenml" not in outcome.stderr
    assert " tensorflow" not in outcome.stderr


@pytest.mark.parametrize("setting", ["--count=0", "--count=x", "--tolerance=1.5", "--tolerance=nan", "--format=coreml"])
def test_options_out_of_range_are_refused(command, setting):
    outcome = command.run("export", "--model=champion", "--format=onnx", setting)
    assert outcome.status == 2
    assert "Traceback" not in outcome.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)  # alone, it waits for the trainings that other tests share
def test_a_real_model(shared_command, digits_run):
    from PIL import Image
    from sklearn.datasets import load_digits

    outcome = shared_command.run("export", "--model=digits/1", "--format=litert", "--quantize=int8", "--output=out")
    assert outcome.status == 0, outcome.stderr
    assert "exported digits version 1" in outcome.stdout
    assert "deprecated" not in outcome.stdout + outcome.stderr
    told = json.loads((outcome.folder / "out" / "export.json").read_text("utf-8"))
    assert told["parity"]["images"] == digits_run.summary["test"]["images"]
    assert told["parity"]["accuracy_registered"] == pytest.approx(digits_run.summary["test"]["accuracy"])
    digits = load_digits()
    for place in range(20):
        picture = Image.fromarray((digits.images[place] * 15.9375).astype("uint8"))
        picture.save(outcome.folder / f"{place}.png")
    words = [sys.executable, EXAMPLE, "out", *(f"{place}.png" for place in range(20))]
    said = subprocess.run(words, cwd=outcome.folder, capture_output=True, text=True, check=True, timeout=120).stdout
    labels = [line.split()[1] for line in said.splitlines()]
    right = [label == str(digit) for label, digit in zip(labels, digits.target, strict=False)]
    assert sum(right) >= 8  # a second's training of ten classes


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--model=digit",), "there is no registered model of this name"),
        (("--model=digits/99",), "this model has no such version"),
        (("--model=digits/1", "--images=nowhere"), "--images names no folder"),
    ],
)
def test_mistakes_are_told(shared_command, digits_run, words, problem):
    outcome = shared_command.run("export", "--format=onnx", *words, "--output=out")
    assert outcome.status == 2
    assert outcome.stderr.startswith(f"error: {problem}")
    assert not (outcome.folder / "out").exists()
