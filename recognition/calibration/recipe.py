"""The configuration that a calibration found, as a file that is ready to run."""

from __future__ import annotations

from recognition.calibration.result import Calibration, reached
from recognition.configuration.resolved import to_yaml
from recognition.configuration.schema import RunConfig

FILE = "calibrated.yaml"


def calibrated(config: RunConfig, calibration: Calibration) -> RunConfig:
    """The configuration with the values of the best trial, and without section `calibrate`."""
    return config.model_copy(update={"train": calibration.best.choice.apply(config.train), "calibrate": None})


def calibrated_yaml(config: RunConfig, calibration: Calibration) -> str:
    """The same as a YAML file that `load_config` reads, headed by what it reached.

    Args:
        config: The configuration that the calibration ran with.
        calibration: What it found.
    """
    best = calibration.best
    head = {
        "command": f"python run_pipeline.py --config {FILE}",
        "hardware": calibration.hardware,
        "time": _duration(best.seconds),
        "expect": f"{reached(calibration)}; {_compared(calibration)}",
    }
    lines = [f"# {name + ':':<10} {text}" for name, text in head.items()]
    return "\n".join([*lines, to_yaml(calibrated(config, calibration))])


def _compared(calibration: Calibration) -> str:
    first = calibration.first
    if first.state != "complete":
        return f"{first.choice.in_words()} diverged"
    if first == calibration.best:
        return "the values that it began with"
    return f"{first.score:.2%} with {first.choice.in_words()}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds of training" if seconds < 120 else f"{seconds / 60:.0f} minutes of training"
