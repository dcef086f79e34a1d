"""The last state of a training, from which a longer one goes on."""

from __future__ import annotations

from typing import Any, BinaryIO, ClassVar, cast

from zenml.enums import ArtifactType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from recognition.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint


class TrainingStateMaterializer(BaseMaterializer):
    """Stores a checkpoint as an archive of NumPy arrays."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Checkpoint,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, data: Checkpoint) -> None:
        """Write the archive."""
        with self.artifact_store.open(f"{self.uri}/state.npz", "wb") as file:
            write_checkpoint(cast(BinaryIO, file), data)

    def load(self, data_type: type[Any]) -> Checkpoint:
        """Read the archive."""
        with self.artifact_store.open(f"{self.uri}/state.npz", "rb") as file:
            return read_checkpoint(cast(BinaryIO, file))

    def extract_metadata(self, data: Checkpoint) -> dict[str, MetadataType]:
        """How far the training had come."""
        return {"epochs": len(data.epochs), "best_epoch": data.best_epoch}
