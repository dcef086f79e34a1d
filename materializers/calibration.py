"""Calibrations: JSON, and their picture for the dashboard."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from recognition.calibration.result import Calibration
from recognition.pictures.calibration import calibration_picture


class CalibrationMaterializer(BaseMaterializer):
    """Stores a calibration as readable JSON."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Calibration,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save(self, data: Calibration) -> None:
        """Write the JSON."""
        with self.artifact_store.open(f"{self.uri}/calibration.json", "w") as file:
            file.write(data.model_dump_json(indent=1))

    def load(self, data_type: type[Any]) -> Calibration:
        """Read the JSON."""
        with self.artifact_store.open(f"{self.uri}/calibration.json", "r") as file:
            return Calibration.model_validate_json(file.read())

    def save_visualizations(self, data: Calibration) -> dict[str, VisualizationType]:
        """Range test, study history and score over each searched value."""
        path = f"{self.uri}/calibration.png"
        with self.artifact_store.open(path, "wb") as file:
            file.write(calibration_picture(data))
        return {path: VisualizationType.IMAGE}

    def extract_metadata(self, data: Calibration) -> dict[str, MetadataType]:
        """What was found, and what the configuration as it was had reached."""
        best = data.best
        found: dict[str, MetadataType] = {**best.choice.model_dump(), "trials": len(data.trials)}
        scores = {"best_score": best.score, "first_score": data.first.score}
        return {**found, **{name: score for name, score in scores.items() if score is not None}}

    def compute_content_hash(self, data: Calibration) -> str:
        """SHA-256 of the JSON."""
        return hashlib.sha256(data.model_dump_json().encode()).hexdigest()
