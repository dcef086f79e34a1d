"""Augmentation plans: JSON and arrays, and twelve images before and after for the dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from materializers.storage import download, upload
from recognition.augmentation.illustrated_plan import IllustratedPlan
from recognition.augmentation.plan import AugmentationPlan
from recognition.pictures.augmentation import options_in_words


class AugmentationPlanMaterializer(BaseMaterializer):
    """Stores a resolved plan and its picture."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (IllustratedPlan,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, data: IllustratedPlan) -> None:
        """Write the plan's files."""
        with self.get_temporary_directory(delete_at_exit=True) as folder:
            data.plan.to_files(Path(folder))
            (Path(folder) / "augmentation.png").write_bytes(data.picture)
            upload(self.artifact_store, Path(folder), self.uri)

    def load(self, data_type: type[Any]) -> IllustratedPlan:
        """Read the plan's files."""
        with self.get_temporary_directory(delete_at_exit=True) as folder:
            download(self.artifact_store, self.uri, Path(folder))
            plan = AugmentationPlan.from_files(Path(folder))
            return IllustratedPlan(plan, (Path(folder) / "augmentation.png").read_bytes())

    def save_visualizations(self, data: IllustratedPlan) -> dict[str, VisualizationType]:
        """The same twelve images before and after."""
        return {f"{self.uri}/augmentation.png": VisualizationType.IMAGE}

    def extract_metadata(self, data: IllustratedPlan) -> dict[str, MetadataType]:
        """The plan in words, and its digest."""
        return {"plan": options_in_words(data.plan), "digest": data.plan.digest}

    def compute_content_hash(self, data: IllustratedPlan) -> str:
        """The plan's digest: the same plan leaves training cached."""
        return data.plan.digest
