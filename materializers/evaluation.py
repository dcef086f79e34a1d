"""Evaluations: predictions as Parquet, metrics as JSON, two pictures for the dashboard."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar, cast

import numpy as np
import pandas as pd
from pydantic import ValidationError
from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from materializers.storage import read_json, write_json
from recognition.errors import InputError
from recognition.evaluation.evaluation import Evaluation, Metrics
from recognition.pictures.confusion import confusion_picture
from recognition.pictures.reliability import reliability_picture


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
        """Read both files.

        Raises:
            InputError: An older version of this code wrote them, and less than is expected now.
        """
        document = cast(dict[str, Any], read_json(self.artifact_store, f"{self.uri}/evaluation.json"))
        with self.artifact_store.open(f"{self.uri}/predictions.parquet", "rb") as file:
            predictions = pd.read_parquet(file)
        return Evaluation(
            predictions=predictions,
            metrics=_metrics(document["metrics"], self.uri),
            confusion=np.array(document["confusion"], np.int64),
            class_names=tuple(document["class_names"]),
            superclass_names=tuple(document["superclass_names"]),
            superclass_of=np.array(document["superclass_of"], np.int32),
        )

    def save_visualizations(self, data: Evaluation) -> dict[str, VisualizationType]:
        """The confusion matrix, and how far confidence can be trusted."""
        pictures = {"confusion.png": confusion_picture(data), "reliability.png": reliability_picture(data.metrics)}
        for name, picture in pictures.items():
            with self.artifact_store.open(f"{self.uri}/{name}", "wb") as file:
                file.write(picture)
        return {f"{self.uri}/{name}": VisualizationType.IMAGE for name in pictures}

    def extract_metadata(self, data: Evaluation) -> dict[str, MetadataType]:
        """The metrics of the whole split."""
        return {name: value for name, value in data.metrics.numbers().items() if value is not None}

    def compute_content_hash(self, data: Evaluation) -> str:
        """SHA-256 over the metrics and every prediction."""
        hasher = hashlib.sha256(data.metrics.model_dump_json().encode())
        hasher.update(pd.util.hash_pandas_object(data.predictions, index=False).to_numpy().tobytes())
        return hasher.hexdigest()


def _metrics(fields: object, uri: str) -> Metrics:
    try:
        return Metrics.model_validate(fields)
    except ValidationError as error:
        missing = ", ".join(".".join(map(str, each["loc"])) for each in error.errors()[:5])
        raise InputError(
            "an evaluation is not of this version of the code",
            received=f"{uri}, without a fitting {missing}",
            remedy="run its configuration again, which judges the model anew",
        ) from None
