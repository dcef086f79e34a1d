"""A calibration that has ended, published as a recipe that is ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operations.outcomes.results import load_outputs
from operations.outcomes.summary import SCHEMA, data_facts, run_facts, step_facts
from operations.outcomes.summary_text import cached_steps
from operations.platform.console import render_lines
from operations.runs.job import TrainingJob
from operations.runs.kind import Ending, Record
from recognition.calibration import recipe
from recognition.calibration.result import Calibration, Choice, reached
from recognition.data.dataset import ImageDataset
from recognition.evaluation.score import in_words
from recognition.pictures.calibration import calibration_picture

PICTURE = "calibration.png"


@dataclass(frozen=True)
class Results:
    """What a finished calibration left behind.

    Attributes:
        run: ZenML's record of the run.
        dataset: The data, memory-mapped.
        calibration: What was found.
        recipe: The configuration that was found, YAML.
    """

    run: Any
    dataset: ImageDataset
    calibration: Calibration
    recipe: str


def load(job: TrainingJob, run: Any) -> Results:
    """What a calibration left behind."""
    return Results(run, *load_outputs(run, "dataset", "calibration", "recipe"))


def record(job: TrainingJob, results: Results) -> Record:
    """The best choice; the recipe."""
    best = results.calibration.best
    return {**best.choice.model_dump(), "validation_score": best.score}, {recipe.FILE: results.recipe.encode()}


def publish(job: TrainingJob, results: Results) -> Ending:
    """Write recipe and picture to where people look for them; docs/calibration.md documents the summary."""
    folder = job.report_folder()
    (folder / recipe.FILE).write_text(results.recipe, encoding="utf-8")
    (folder / PICTURE).write_bytes(calibration_picture(results.calibration))
    found = results.calibration
    summary = {
        "schema": SCHEMA,
        "run": run_facts(results.run, job.commit),
        "data": data_facts(results.dataset, bool(job.fallback)),
        "calibration": {
            **found.model_dump(mode="json", include={"metric", "hardware", "trials"}),
            "suggestion": found.range_test.suggestion,
            "first": found.first.number,
            "best": found.best.number,
            "score": found.best.score,
            "reached": reached(found),
        },
        "recipe": str(folder / recipe.FILE),
        "picture": str(folder / PICTURE),
        "steps": step_facts(results.run),
    }
    return Ending(summary, render_summary(summary))


def render_summary(summary: Mapping[str, Any]) -> str:
    """The summary as a person reads it."""
    found = summary["calibration"]
    trials = {trial["number"]: trial for trial in found["trials"]}
    best, first = trials[found["best"]], trials[found["first"]]
    before = f"{first['score']:.2%}" if first["state"] == "complete" else first["state"]
    states = [trial["state"] for trial in found["trials"]]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    lines = [
        ("best", f"trial {best['number']}: {_choice(best)}"),
        ("reached", found["reached"]),
        ("before", f"{before} {in_words(found['metric'])} with {_choice(first)}"),
        ("range test", f"suggested a learning rate of {found['suggestion']:.3g}"),
        ("trials", f"{counts}; {sum(trial['seconds'] for trial in found['trials']):.0f} s of training"),
        ("cached", cached_steps(summary)),
        ("picture", summary["picture"]),
        ("recipe", summary["recipe"]),
        ("to run it", f"python run_pipeline.py --config {summary['recipe']}"),
    ]
    return render_lines(
        f"{summary['data']['name']}, {summary['run']['name']}, {summary['run']['seconds']:.0f} s", lines
    )


def _choice(trial: Mapping[str, Any]) -> str:
    return Choice.model_validate(trial["choice"]).in_words()
