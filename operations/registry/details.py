"""Everything that is known of one registered version."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from operations.platform.console import render_lines
from operations.registry import promotion_log, registry, zenml_models
from operations.registry.listing import UNKNOWN, ListedVersion, listed_version
from operations.registry.promotion_log import Promotion
from operations.registry.registered_model import RegisteredModel
from operations.registry.rejection import stored_rejection
from operations.registry.stored_files import checked
from operations.tracking import connection, mlflow_runs
from operations.tracking.model_files import metadata_in
from recognition.errors import InputError
from recognition.gate import GateDecision
from recognition.prediction.rejection import Rejection

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

SHOWN = 10  # class names
AS_REGISTERED = "as registered"
TEST = "test_"  # metrics of the test split, in MLflow


class Details(BaseModel):
    """A version, its training, its judgement, its history and where it is.

    Attributes:
        version: As in the list.
        metrics: Of the test split; empty where the run is gone.
        recipe: Name of the configuration.
        commit: Of the code that trained it.
        classes: Names by index.
        image_shape: Height, width, channels.
        temperature: By which its logits are divided.
        rejection: Below which probability its answer is "none of these".
        gate: The gate's decision here.
        gate_before_copy: The gate's decision in the registry that it was copied from.
        copied_from: Address and version there.
        log: Promotions to and from it, oldest first.
        stage: ZenML's.
        files: "as registered", or what is wrong with them.
        manifest: SHA-256 of the digests of all files; None for a version of 0.1.0, of whose files one has a digest.
        registry: MLflow's address.
        uri: What plain MLflow loads.
    """

    model_config = ConfigDict(frozen=True)

    version: ListedVersion
    metrics: dict[str, float]
    recipe: str | None
    commit: str | None
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    temperature: float | None
    rejection: Rejection | None
    gate: GateDecision | None
    gate_before_copy: GateDecision | None
    copied_from: str | None
    log: tuple[Promotion, ...]
    stage: str | None
    files: str
    manifest: str | None
    registry: str
    uri: str


def details(client: MlflowClient, model: RegisteredModel) -> Details:
    """Gather what MLflow, ZenML and the stored files say.

    Args:
        client: A client from `tracking.connect`.
        model: From `find_model`.
    """
    version = client.get_model_version(model.name, model.mlflow_version)
    run = mlflow_runs.find_run(client, version.run_id)
    files, stored = _files(model)
    log = promotion_log.read_log(client.get_registered_model(model.name).tags)
    zenml = zenml_models.find(model.name, model.zenml_version)
    listed = listed_version(client, version, sorted(version.aliases))
    return Details(
        version=listed.model_copy(update={"data_digest": listed.data_digest or stored.get("data_digest")}),
        metrics=_metrics(run),
        recipe=run.data.tags.get("recipe") if run else None,
        commit=run.data.tags.get("commit") if run else None,
        classes=tuple(stored.get("classes", ())),
        image_shape=tuple(stored.get("image_shape", ())),
        temperature=stored.get("temperature"),
        rejection=stored_rejection(client, model),
        gate=registry.recorded_decision(client, model),
        gate_before_copy=registry.recorded_decision(client, model, registry.COPIED_GATE_TAG),
        copied_from=version.tags.get(registry.COPIED_TAG),
        log=tuple(entry for entry in log if model.mlflow_version in (entry.before, entry.after)),
        stage=zenml.stage if zenml else None,
        files=files,
        manifest=hashlib.sha256(model.manifest.encode()).hexdigest() if model.manifest else None,
        registry=str(client.tracking_uri) if connection.address(client) == "local" else connection.address(client),
        uri=model.uri,
    )


def _files(model: RegisteredModel) -> tuple[str, dict[str, Any]]:
    """Whether the files are those that were registered, and what they say of themselves if so."""
    try:
        with checked(model) as folder:
            return AS_REGISTERED, metadata_in(folder)
    except InputError as error:
        return f"not as registered: {error.received}", {}


def _metrics(run: Run | None) -> dict[str, float]:
    metrics = run.data.metrics if run else {}
    return {name.removeprefix(TEST): value for name, value in metrics.items() if name.startswith(TEST)}


def render_details(known: Details) -> str:
    """What a person reads."""
    version = known.version
    lines = [
        ("registered", f"{version.registered:%Y-%m-%d %H:%M} UTC, ZenML version {version.zenml_version or UNKNOWN}"),
        ("alias", ", ".join(version.aliases) or UNKNOWN),
        ("stage", known.stage or UNKNOWN),
        *_optional("withdrawn", version.withdrawn),
        *_optional("copied from", known.copied_from),
        ("run", ", ".join(filter(None, [version.run, known.recipe and f"recipe {known.recipe}"])) or UNKNOWN),
        ("commit", known.commit or UNKNOWN),
        ("data", " ".join(filter(None, [version.data, version.data_digest])) or UNKNOWN),
        *[(name.replace("_", " "), f"{value:.6g}") for name, value in sorted(known.metrics.items())],
        ("images", "x".join(map(str, known.image_shape)) or UNKNOWN),
        ("classes", _some(known.classes)),
        ("temperature", UNKNOWN if known.temperature is None else f"{known.temperature:.4g}"),
        *_optional("rejection", known.rejection.in_words() if known.rejection else None),
        *_judged("gate", known.gate),
        *_judged("gate before", known.gate_before_copy),
        *[("log", _told(entry)) for entry in known.log],
        ("SHA-256", version.sha256 or UNKNOWN),
        ("files", known.files),
        ("manifest", known.manifest or "none, as of 0.1.0: the model's own file alone is compared"),
        ("in MLflow", f"MLFLOW_TRACKING_URI={known.registry}"),
        ("", f'mlflow.pyfunc.load_model("{known.uri}"), which compares no digests, as this command has done'),
    ]
    return render_lines(f"{version.model} version {version.version}", lines)


def _optional(name: str, text: str | None) -> list[tuple[str, str]]:
    return [(name, text)] if text else []


def _judged(name: str, decision: GateDecision | None) -> list[tuple[str, Any]]:
    return [(name, f"{decision.decision}: {decision.reason}")] if decision else []


def _some(names: tuple[str, ...]) -> str:
    more = f", … {len(names)} in all" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more or UNKNOWN


def _told(entry: Promotion) -> str:
    words = {"gate": "the gate", "person": "by hand", "rollback": "rollback", "found": "found"}
    moved = f"{entry.before or 'none'} → {entry.after or 'none'}"
    run = f" (run {entry.run})" if entry.run else ""
    return (
        f"{entry.time:%Y-%m-%d %H:%M} {moved}, {words[entry.by]}, {entry.who}{run}: {entry.reason or 'no reason given'}"
    )
