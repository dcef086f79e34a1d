"""Evaluations: predictions as Parquet, metrics as JSON, the confusion matrix for the dashboard."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from materializers.storage import read_json, write_json
from recognition.evaluation.evaluation import Evaluation, Metrics
from recognition.pictures.confusion import confusion_picture


class EvaluationMaterializer(BaseMaterializer):
    """Stores predictions, metrics and names in open formats."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Evaluation,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save(self, data: Evaluation) -> None:
        """Write `predictions.parquet` and `evaluation.json`."""
        with self.artifact_store.open(f"{self.uri}/predictions.parquet", "wb") as file:
            data.predictions.to_parquet(file, index=False)
        document = {
            "metrics": data.metrics.model_dump(mode="json"),
            "confusion": data.confusion.tolist(),
            "class_names": data.class_names,
            "superclass_names": data.superclass_names,
            "superclass_of": data.superclass_of.tolist(),
        }
        write_json(self.artifact_store, f"{self.uri}/evaluation.json", document)

    def load(self, data_type: type[Any]) -> Evaluation:
        """Read both files."""
        document = cast(dict[str, Any], read_json(self.artifact_store, f"{self.uri}/evaluation.json"))
        with self.artifact_store.open(f"{self.uri}/predictions.parquet", "rb") as file:
            predictions = pd.read_parquet(file)
        return Evaluation(
            predictions=predictions,
            metrics=Metrics.model_validate(document["metrics"]),
            confusion=np.array(document["confusion"], np.int64),
            class_names=tuple(document["class_names"]),
            superclass_names=tuple(document["superclass_names"]),
            superclass_of=np.array(document["superclass_of"], np.int32),
        )

    def save_visualizations(self, data: Evaluation) -> dict[str, VisualizationType]:
        """The confusion matrix."""
        path = f"{self.uri}/confusion.png"
        with self.artifact_store.open(path, "wb") as file:
            file.write(confusion_picture(data))
        return {path: VisualizationType.IMAGE}

    def extract_metadata(self, data: Evaluation) -> dict[str, MetadataType]:
        """The metrics of the whole split."""
        metrics: dict[str, MetadataType] = data.metrics.model_dump(exclude={"classes"}, exclude_none=True)
        return metrics

    def compute_content_hash(self, data: Evaluation) -> str:
        """SHA-256 over the metrics and every prediction."""
        hasher = hashlib.sha256(data.metrics.model_dump_json().encode())
        hasher.update(pd.util.hash_pandas_object(data.predictions, index=False).to_numpy().tobytes())
        return hasher.hexdigest()
