"""Data summaries: JSON, and the figures that the dashboard lists."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from zenml.enums import ArtifactType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from recognition.data.summary import DataSummary


class DataSummaryMaterializer(BaseMaterializer):
    """Stores a data set's numbers as readable JSON."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (DataSummary,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA_ANALYSIS

    def save(self, data: DataSummary) -> None:
        """Write the JSON."""
        with self.artifact_store.open(f"{self.uri}/data_summary.json", "w") as file:
            file.write(data.model_dump_json(indent=1))

    def load(self, data_type: type[Any]) -> DataSummary:
        """Read the JSON."""
        with self.artifact_store.open(f"{self.uri}/data_summary.json", "r") as file:
            return DataSummary.model_validate_json(file.read())

    def extract_metadata(self, data: DataSummary) -> dict[str, MetadataType]:
        """Sizes, pixels, duplicates and odd images, without the counts of each class, which the data set has."""
        sides: dict[str, dict[str, Any]] = {
            name: side.model_dump(include={"images", "means", "deviations", "odd"}, mode="json")
            for name, side in data.sides.items()
        }
        facts = data.model_dump(include={"digest", "near_duplicates", "duplicates", "two_labels", "unreadable"})
        return {**facts, **sides, "classes": len(data.classes)}

    def compute_content_hash(self, data: DataSummary) -> str:
        """SHA-256 of the JSON."""
        return hashlib.sha256(data.model_dump_json().encode()).hexdigest()
