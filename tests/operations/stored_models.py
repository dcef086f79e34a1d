"""Stored and registered models that are no networks, for all that never looks into the file."""

import tempfile
from pathlib import Path

import yaml

from operations.registry import model_store, registry
from operations.tracking import mlflow_runs
from operations.tracking.model_files import kept, record_manifest
from recognition.training.model_file import ModelFile, file_digest

CLASSES = ["cat", "dog"]


def stored(client, content, classes=CLASSES, run_name="stored"):
    """A stored model whose file has this content."""
    run_id = mlflow_runs.run_id_of(client, run_name)
    model = client.create_logged_model(mlflow_runs.experiment_id(client), name="model", source_run_id=run_id)
    metadata = {"classes": list(classes), "image_shape": [4, 4, 3], "temperature": 1.5, "data_digest": "ab" * 32}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / model_store.KERAS_FILE
        path.parent.mkdir()
        path.write_bytes(content)
        (Path(folder) / "MLmodel").write_text(yaml.safe_dump({"model_id": model.model_id, "metadata": metadata}))
        client.log_model_artifacts(model.model_id, folder)
        digest = file_digest(path)
        record_manifest(client, model.model_id, Path(folder))
    client.finalize_logged_model(model.model_id, "READY")
    uri = f"models:/{model.model_id}"
    return ModelFile(path_of(uri), uri, digest)


def path_of(uri):
    """The Keras file of a stored model, where MLflow keeps it."""
    return kept(uri) / model_store.KERAS_FILE


def versions(client, name, count, **options):
    """Registered versions of a model, oldest first."""
    metadata = {"metrics": {"accuracy": 0.5}, "data": "made", "data_digest": "ab" * 32}
    contents = [f"{name} {number}".encode() for number in range(count)]
    return [registry.register(client, name, stored(client, content, **options), metadata, []) for content in contents]


def promoted(client, model):
    """Let the gate promote a version."""
    from tests.recognition.report.samples import decision_of

    now = registry.champion(client, model.name)
    decision = decision_of(decision="promoted", champion_version=now and now.mlflow_version)
    return registry.apply_decision(client, model, decision, "run-of-the-gate")


def champion_of(client, name):
    """MLflow's version that is champion."""
    found = registry.champion(client, name)
    return found and found.mlflow_version
