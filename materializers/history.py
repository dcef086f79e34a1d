"""Training histories: JSON, and the curves for the dashboard."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from recognition.pictures.curves import curves_picture
from recognition.training.history import History


class HistoryMaterializer(BaseMaterializer):
    """Stores a history as readable JSON."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (History,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save(self, data: History) -> None:
        """Write the JSON."""
        with self.artifact_store.open(f"{self.uri}/history.json", "w") as file:
            file.write(data.model_dump_json(indent=1))

    def load(self, data_type: type[Any]) -> History:
        """Read the JSON."""
        with self.artifact_store.open(f"{self.uri}/history.json", "r") as file:
            return History.model_validate_json(file.read())

    def save_visualizations(self, data: History) -> dict[str, VisualizationType]:
        """Loss, accuracy and learning rate by epoch."""
        path = f"{self.uri}/curves.png"
        with self.artifact_store.open(path, "wb") as file:
            file.write(curves_picture(data))
        return {path: VisualizationType.IMAGE}

    def extract_metadata(self, data: History) -> dict[str, MetadataType]:
        """The facts of the training, and its best epoch."""
        facts = data.model_dump(exclude={"epochs"}, exclude_none=True)
        best = data.best.model_dump(include={"validation_accuracy", "validation_score"})
        return {**facts, **best, "epochs": len(data.epochs)}

    def compute_content_hash(self, data: History) -> str:
        """SHA-256 of the JSON."""
        return hashlib.sha256(data.model_dump_json().encode()).hexdigest()
