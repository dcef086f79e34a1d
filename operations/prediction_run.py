"""A run of the prediction pipeline: checked, executed like a training, linked to its model, told."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zenml.pipelines.pipeline_definition import Pipeline

from operations import execution, tracking
from operations.console import render_lines
from operations.environment import check_writable, state_folder
from operations.job import PACKAGES, Job, git_commit, new_run_name
from operations.model_lookup import find_model
from operations.prediction import find_images
from operations.registered_model import RegisteredModel
from operations.registry import CHAMPION
from operations.results import load_outputs
from operations.runs import outputs_of
from operations.summary import SCHEMA, run_facts, step_facts
from recognition.configuration.schema import RunConfig
from recognition.errors import InputError
from recognition.pictures.predictions import predictions_picture
from recognition.prediction.inputs import total
from recognition.prediction.predictions import FILE, Predictions

PICTURE = "answers.png"
TRAINING_SECTIONS = ("data", "augmentation", "train", "checkpoint", "evaluation", "gate", "model", "retrain")


@dataclass(frozen=True)
class Results:
    """What a finished prediction left behind: ZenML's record of the run, the model that answered, its answers."""

    run: Any
    model: RegisteredModel
    predictions: Predictions


def check_prediction(config: RunConfig, recipe: str, written: Mapping[str, Path]) -> Job:
    """Check everything that can be checked before work starts.

    Args:
        config: A loaded configuration with `predict.paths`.
        recipe: Name of the configuration file, without its suffix.
        written: Folders that will be written, by what they are for.

    Raises:
        InputError: If anything is wrong.
    """
    if config.calibrate:
        raise InputError(
            "a configuration predicts or calibrates",
            received="predict.paths and a section calibrate",
            expected="one of them",
            remedy="--set calibrate=null",
        )
    for purpose, folder in {"state folder": state_folder(), **written}.items():
        check_writable(folder, purpose)
    images = total(find_images(config.predict.paths or ()))
    find_model(tracking.connect(), config.predict.model or CHAMPION)
    told = f"{images:,} images" if images is not None else "a table of images"
    unused = unused_sections(config)
    notes = (f"a prediction trains nothing, and does not use {', '.join(unused)}",) if unused else ()
    return Job(config, recipe, "", git_commit(), new_run_name(recipe), told, notes)


def unused_sections(config: RunConfig) -> list[str]:
    """What of a configuration a prediction leaves alone, although it differs from its default.

    Args:
        config: With `predict.paths`.
    """
    defaults = RunConfig.model_fields
    unused = [name for name in TRAINING_SECTIONS if getattr(config, name) != defaults[name].default]
    amounts = config.resources.model_dump(exclude={"threads", "pending_timeout"}, exclude_defaults=True)
    events = [f"notify.events: {name}" for name in (config.notify.events if config.notify else ()) if name != "failed"]
    return [*unused, *(f"resources.{key}" for key in amounts), *events]


def describe_prediction(job: Job, stack: str) -> str:
    """What will run, as lines for the terminal.

    Args:
        job: The checked run.
        stack: Name of ZenML's active stack.
    """
    config = job.config.predict
    lines = [
        ("images", f"{job.data} in {', '.join((config.paths or ())[:3])}{' …' if len(config.paths or ()) > 3 else ''}"),
        ("model", config.model or "the champion of the only one"),
        ("stack", stack),
        ("versions", ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)),
        ("state", str(state_folder())),
    ]
    return render_lines(f"run {job.run_name}", lines)


def execute(pipeline: Pipeline, cached: tuple[str, ...], job: Job, use_cache: bool) -> Results:
    """Run the prediction pipeline and wait for it; arguments and errors as of `operations.execution.supervise`."""
    return execution.supervise(pipeline, cached, job, use_cache, _finish)


def publish(job: Job, results: Results, output: Path | None) -> dict[str, Any]:
    """Write predictions and picture to where people look for them, and build the summary; see docs/prediction.md.

    Args:
        job: What ran.
        results: What it left behind.
        output: Folder for both; None for one in the state folder.
    """
    folder, predictions = execution.report_folder(job, output), results.predictions
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(predictions.path, folder / FILE)
    (folder / PICTURE).write_bytes(predictions_picture(predictions))
    return {
        "schema": SCHEMA,
        "run": run_facts(results.run, job.commit),
        "model": results.model.model_dump(),
        "images": predictions.images,
        "answered": predictions.answered,
        "rejected": predictions.rejected,
        "failed": predictions.failed,
        "labels": dict(predictions.labels),
        "predictions": str(folder / FILE),
        "picture": str(folder / PICTURE),
        "steps": step_facts(results.run),
    }


def render_summary(summary: Mapping[str, Any]) -> str:
    """The summary as a person reads it."""
    model = summary["model"]
    frequent = ", ".join(f"{name} {count:,}" for name, count in list(summary["labels"].items())[:5])
    lines = [
        ("model", f"{model['name']} version {model['zenml_version']}, MLflow {model['mlflow_version']}"),
        ("answered", f"{summary['answered']:,}" + (f", most often {frequent}" if frequent else "")),
        ("none of these", f"{summary['rejected']:,}"),
        ("unreadable", f"{summary['failed']:,}" + (": column error tells why" if summary["failed"] else "")),
        ("predictions", summary["predictions"]),
        ("picture", summary["picture"]),
    ]
    run = summary["run"]
    return render_lines(f"{summary['images']:,} images, {run['name']}, {run['seconds']:.0f} s", lines)


def _finish(job: Job, run: Any) -> Results:
    model, predictions = load_outputs(run, "chosen_model", "predictions")
    _link(model, run)
    outcome = {
        "model": f"{model.name}/{model.mlflow_version}",
        "images": predictions.images,
        "rejected": predictions.rejected,
        "failed": predictions.failed,
    }
    execution.annotate(job, run, outcome, {PICTURE: predictions_picture(predictions)})
    return Results(run, model, predictions)


def _link(model: RegisteredModel, run: Any) -> None:
    """Tie predictions and run to ZenML's version of the model; one that ZenML does not know has none."""
    from zenml.client import Client
    from zenml.models import ModelVersionArtifactRequest, ModelVersionPipelineRunRequest

    with suppress(KeyError, ValueError):
        version = Client().get_model_version(model.name, int(model.zenml_version)).id
        store, artifact = Client().zen_store, outputs_of(run)["predictions"].id
        store.create_model_version_artifact_link(
            ModelVersionArtifactRequest(model_version=version, artifact_version=artifact)
        )
        store.create_model_version_pipeline_run_link(
            ModelVersionPipelineRunRequest(model_version=version, pipeline_run=run.id)
        )
