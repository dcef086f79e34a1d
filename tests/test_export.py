import json
import subprocess
import sys
from pathlib import Path

import pytest

import run_pipeline

EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "examples" / "classify.py"


def test_help_is_there(capsys):
    with pytest.raises(SystemExit, match="0"):
        run_pipeline.main(["export", "--help"])
    assert "--quantize" in capsys.readouterr().out
    assert "  export --model MODEL" in run_pipeline.others()


def test_a_pair_that_does_not_work_is_refused_before_anything_is_imported(command):
    words = ("export", "--model=nobody", "--format=savedmodel", "--quantize=int8")
    outcome = command.run(*words, PYTHONPROFILEIMPORTTIME="1")
    assert outcome.status == 2
    assert "error: this format cannot be quantized so" in outcome.stderr
    assert " zenml" not in outcome.stderr
    assert " tensorflow" not in outcome.stderr


@pytest.mark.parametrize("setting", ["--count=0", "--count=x", "--tolerance=1.5", "--tolerance=nan", "--format=coreml"])
def test_options_out_of_range_are_refused(setting):
    with pytest.raises(SystemExit, match="2"):
        run_pipeline.main(["export", "--model=champion", "--format=onnx", setting])


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
def test_a_mistake_is_told(shared_command, digits_run):
    outcome = shared_command.run("export", "--format=onnx", "--model=digits/1", "--images=nowhere", "--output=out")
    assert outcome.status == 2
    assert outcome.stderr.startswith("error: --images names no folder")
    assert not (outcome.folder / "out").exists()
