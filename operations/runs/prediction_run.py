"""A run of the prediction pipeline: checked, linked to its model, told."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from operations.inference.prediction import SOME_FAILED, find_images
from operations.outcomes.results import load_outputs
from operations.outcomes.summary import SCHEMA, run_facts, step_facts
from operations.platform.console import render_lines
from operations.platform.environment import state_folder
from operations.registry.lookup import find_model
from operations.registry.registered_model import RegisteredModel
from operations.registry.registry import CHAMPION
from operations.runs.job import Job, RunOptions, git_commit, new_run_name, versions
from operations.runs.kind import Ending, Record
from operations.tracking import connection
from operations.tracking.runs import outputs_of
from recognition.configuration.schema import RunConfig
from recognition.errors import InputError
from recognition.pictures.predictions import predictions_picture
from recognition.prediction.inputs import total
from recognition.prediction.predictions import FILE, Predictions

PICTURE = "answers.png"
TRAINING_SECTIONS = ("data", "augmentation", "train", "checkpoint", "evaluation", "gate", "model", "retrain")


@dataclass(frozen=True, kw_only=True)
class PredictionJob(Job):
    """A prediction that will run; `images` tells in words how many there are."""

    kind: ClassVar[str] = "prediction"
    images: str

    def describe(self, stack: str) -> str:
        """Images and model."""
        config = self.config.predict
        paths = config.paths or ()
        lines = [
            ("images", f"{self.images} in {', '.join(paths[:3])}{' …' if len(paths) > 3 else ''}"),
            ("model", config.model or "the champion of the only one"),
            ("stack", stack),
            ("versions", versions()),
            ("state", str(state_folder())),
        ]
        return render_lines(f"run {self.run_name}", lines)


@dataclass(frozen=True)
class Results:
    """What a finished prediction left behind: ZenML's record of the run, who answered, what, and a picture of it."""

    run: Any
    model: RegisteredModel
    predictions: Predictions
    picture: bytes


def check_prediction(config: RunConfig, recipe: str, options: RunOptions) -> PredictionJob:
    """Check everything that can be checked before work starts.

    Args:
        config: A loaded configuration with `predict.paths`.
        recipe: Name of the configuration file, without its suffix.
        options: What the command asks for.

    Raises:
        InputError: If anything is wrong.
    """
    if options.fresh:
        raise InputError(
            "--fresh needs a training",
            received="a configuration with predict.paths",
            remedy="leave it out: a prediction keeps no checkpoint, and each of its steps always runs",
        )
    if config.calibrate:
        raise InputError(
            "a configuration predicts or calibrates",
            received="predict.paths and a section calibrate",
            expected="one of them",
            remedy="--set calibrate=null",
        )
    options.check_folders()
    images = total(find_images(config.predict.paths or ()))
    find_model(connection.connect(), config.predict.model or CHAMPION)
    told = f"{images:,} images" if images is not None else "a table of images"
    unused = unused_sections(config)
    notes = (f"a prediction trains nothing, and does not use {', '.join(unused)}",) if unused else ()
    return PredictionJob(
        config=config,
        recipe=recipe,
        commit=git_commit(),
        run_name=new_run_name(recipe),
        notes=notes,
        options=options,
        images=told,
    )


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


def load(job: PredictionJob, run: Any) -> Results:
    """What a prediction left behind."""
    model, predictions = load_outputs(run, "chosen_model", "predictions")
    return Results(run, model, predictions, predictions_picture(predictions))


def record(job: PredictionJob, results: Results) -> Record:
    """Who answered what; a picture of it."""
    model, predictions = results.model, results.predictions
    counts = {"images": predictions.images, "rejected": predictions.rejected, "failed": predictions.failed}
    return {"model": f"{model.name}/{model.mlflow_version}", **counts}, {PICTURE: results.picture}


def publish(job: PredictionJob, results: Results) -> Ending:
    """Write predictions and picture to where people look for them, and tie them to the model in ZenML.

    docs/prediction.md documents the summary.
    """
    _link(results.model, results.run)
    folder, predictions = job.report_folder(), results.predictions
    shutil.copyfile(predictions.path, folder / FILE)
    (folder / PICTURE).write_bytes(results.picture)
    summary = {
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
    return Ending(summary, render_summary(summary), SOME_FAILED if predictions.failed else 0)


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
