"""Predictions: a parquet file, copied and never loaded whole; a picture and the first rows for the dashboard."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, ClassVar, cast

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from materializers.storage import lasting_folder, read_json, write_json, write_table
from recognition.pictures.predictions import predictions_picture
from recognition.prediction.predictions import FILE, Predictions
from recognition.training.model_file import file_digest

COUNTS = "counts.json"
SHOWN = 1_000  # rows that the dashboard shows
LARGEST = 200  # classes in the metadata


class PredictionsMaterializer(BaseMaterializer):
    """Stores predictions as parquet, and their counts as JSON."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Predictions,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, data: Predictions) -> None:
        """Copy the file, and write the counts."""
        with data.path.open("rb") as source, self.artifact_store.open(f"{self.uri}/{FILE}", "wb") as target:
            shutil.copyfileobj(source, target)
        write_json(self.artifact_store, f"{self.uri}/{COUNTS}", _counts(data))

    def load(self, data_type: type[Any]) -> Predictions:
        """Find the file, or copy it to this machine."""
        path = Path(self.uri) / FILE
        if not path.is_file():
            path = lasting_folder(self) / FILE
            with self.artifact_store.open(f"{self.uri}/{FILE}", "rb") as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
        counts = cast(dict[str, Any], read_json(self.artifact_store, f"{self.uri}/{COUNTS}"))
        return Predictions(path, **counts)

    def save_visualizations(self, data: Predictions) -> dict[str, VisualizationType]:
        """Answers by class, and the first rows."""
        picture, table = f"{self.uri}/answers.png", f"{self.uri}/first.csv"
        with self.artifact_store.open(picture, "wb") as file:
            file.write(predictions_picture(data))
        write_table(self.artifact_store, table, _first_rows(data.path))
        return {picture: VisualizationType.IMAGE, table: VisualizationType.CSV}

    def extract_metadata(self, data: Predictions) -> dict[str, MetadataType]:
        """Counts, the share rejected, and how often the most frequent classes were answered."""
        counts = _counts(data)
        labels = dict(list(data.labels.items())[:LARGEST])
        return {**counts, "images": data.images, "rejected_share": data.rejected_share, "labels": labels}

    def compute_content_hash(self, data: Predictions) -> str:
        """SHA-256 of the file and of the counts."""
        return hashlib.sha256(f"{file_digest(data.path)} {json.dumps(_counts(data))}".encode()).hexdigest()


def _counts(data: Predictions) -> dict[str, Any]:
    return {
        "answered": data.answered,
        "rejected": data.rejected,
        "failed": data.failed,
        "labels": dict(data.labels),
    }


def _first_rows(path: Path) -> list[list[object]]:
    import pyarrow.parquet as pq

    batch = next(pq.ParquetFile(path).iter_batches(SHOWN), None)
    rows = batch.to_pylist() if batch is not None else []
    return [list(rows[0]), *(list(row.values()) for row in rows)] if rows else [["path"]]
