"""Model files: MLflow holds the bytes, the artifact says where, and checks what it gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, cast

from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from materializers.storage import read_json, write_json, write_table
from operations.platform.environment import state_folder
from operations.platform.references import write_references
from operations.training.surroundings import surroundings
from recognition.errors import RecognitionError
from recognition.training.model_file import ModelFile, file_digest


class ModelFileMaterializer(BaseMaterializer):
    """Stores the address and digest of a model that MLflow keeps, so that its bytes are stored once."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (ModelFile,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.MODEL

    def save(self, data: ModelFile) -> None:
        """Write the address."""
        document = {"uri": data.uri, "sha256": data.sha256, "layers": list(data.layers)}
        write_json(self.artifact_store, f"{self.uri}/model.json", document)
        write_references(self.artifact_store, self.uri, [str(data.path)] if _is_kept(data.path) else [])

    def load(self, data_type: type[Any]) -> ModelFile:
        """Fetch the model from MLflow.

        Raises:
            RecognitionError: If the file is not the one that was stored.
        """
        document = cast(dict[str, Any], read_json(self.artifact_store, f"{self.uri}/model.json"))
        path = surroundings().fetch_model(str(document["uri"]))
        digest = file_digest(path)
        if digest != document["sha256"]:
            raise RecognitionError(
                "the stored model is not the one that was trained",
                received=f"{path} with SHA-256 {digest}",
                expected=document["sha256"],
                remedy="train it again with --no-cache",
            )
        return ModelFile(path, document["uri"], digest, tuple(document["layers"]))

    def save_visualizations(self, data: ModelFile) -> dict[str, VisualizationType]:
        """The layers."""
        path = f"{self.uri}/layers.csv"
        head = ["layer", "kind", "output", "parameters"]
        write_table(self.artifact_store, path, [head, *(line.split(" | ") for line in data.layers)])
        return {path: VisualizationType.CSV}

    def extract_metadata(self, data: ModelFile) -> dict[str, MetadataType]:
        """Address and digest."""
        return {"uri": data.uri, "sha256": data.sha256}

    def compute_content_hash(self, data: ModelFile) -> str:
        """The digest of the file's bytes."""
        return data.sha256


def _is_kept(path: Path) -> bool:
    """Whether the path is MLflow's own copy; a remote MLflow's download is not."""
    return state_folder() in path.parents
