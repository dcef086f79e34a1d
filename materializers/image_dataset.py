"""Image data sets: memory-mapped arrays, names in JSON, a grid of labelled images for the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from materializers.storage import array_path, load_array, read_json, store_array, write_json, write_table
from operations.references import write_references
from recognition.data.dataset import Duplicates, ImageDataset, Split
from recognition.pictures.grid import image_grid

GRID_IMAGES = 40
ARRAYS = ("images", "labels", "hashes")


class ImageDatasetMaterializer(BaseMaterializer):
    """Stores each array once for each content; loading maps them into memory."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (ImageDataset,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, data: ImageDataset) -> None:
        """Write the arrays that are not stored yet, and the JSON that names them."""
        splits = {name: self._store_split(split) for name, split in data.splits.items()}
        document = {
            "name": data.name,
            "digest": data.digest,
            "classes": data.classes,
            "superclasses": data.superclasses,
            "superclass_of": data.superclass_of.tolist(),
            "duplicates": {"within": dict(data.duplicates.within), "across": dict(data.duplicates.across)},
            "source_digest": data.source_digest,
            "notes": data.notes,
            "splits": splits,
        }
        write_json(self.artifact_store, f"{self.uri}/dataset.json", document)
        digests = {str(split[array]) for split in splits.values() for array in ARRAYS}
        write_references(self.artifact_store, self.uri, sorted(array_path(self.artifact_store, d) for d in digests))

    def load(self, data_type: type[Any]) -> ImageDataset:
        """Map the arrays into memory."""
        document = cast(dict[str, Any], read_json(self.artifact_store, f"{self.uri}/dataset.json"))
        with self.get_temporary_directory(delete_at_exit=False) as folder:
            splits = {name: self._load_split(split, Path(folder)) for name, split in document["splits"].items()}
        return ImageDataset(
            name=document["name"],
            splits=splits,
            classes=tuple(document["classes"]),
            superclasses=tuple(document["superclasses"]),
            superclass_of=np.array(document["superclass_of"], np.int32),
            duplicates=Duplicates(**document["duplicates"]),
            source_digest=document["source_digest"],
            notes=tuple(document["notes"]),
        )

    def save_visualizations(self, data: ImageDataset) -> dict[str, VisualizationType]:
        """A grid of labelled training images, and the number of images of each class."""
        split = data.splits["train"]
        sample = split.take(np.linspace(0, len(split) - 1, min(GRID_IMAGES, len(split))).astype(np.int64))
        picture, counts = f"{self.uri}/images.png", f"{self.uri}/classes.csv"
        with self.artifact_store.open(picture, "wb") as file:
            file.write(image_grid(sample.images, [data.classes[label] for label in sample.labels], columns=8))
        write_table(self.artifact_store, counts, _class_counts(data))
        return {picture: VisualizationType.IMAGE, counts: VisualizationType.CSV}

    def extract_metadata(self, data: ImageDataset) -> dict[str, MetadataType]:
        """Sizes, counts of each class, duplicates and the content digest."""
        names = data.classes
        metadata: dict[str, Any] = {
            "name": data.name,
            "digest": data.digest,
            "images": {name: len(split) for name, split in data.splits.items()},
            "image_shape": list(data.image_shape),
            "classes": len(names),
            "duplicates_within": dict(data.duplicates.within),
            "duplicates_across": dict(data.duplicates.across),
        }
        for side, split in data.splits.items():
            counts = split.counts(len(names)).tolist()
            metadata[f"{side}_images_per_class"] = dict(zip(names, counts, strict=True))
        return metadata

    def compute_content_hash(self, data: ImageDataset) -> str:
        """The digest of everything in it: the same content leaves later steps cached."""
        return data.digest

    def _store_split(self, split: Split) -> dict[str, object]:
        digests = {name: store_array(self.artifact_store, getattr(split, name)) for name in ARRAYS}
        return {**digests, "paths": list(split.paths)}

    def _load_split(self, split: Mapping[str, Any], folder: Path) -> Split:
        arrays: dict[str, Any] = {name: load_array(self.artifact_store, split[name], folder) for name in ARRAYS}
        return Split(**arrays, paths=tuple(split["paths"]))


def _class_counts(data: ImageDataset) -> list[tuple[object, ...]]:
    counts = [split.counts(len(data.classes)).tolist() for split in data.splits.values()]
    return [("class", *data.splits), *zip(data.classes, *counts, strict=True)]
