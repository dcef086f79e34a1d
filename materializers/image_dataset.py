"""Image data sets: memory-mapped arrays, names in JSON, a grid of labelled images for the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray
from zenml.artifact_stores import BaseArtifactStore
from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer
from zenml.metadata.metadata_types import MetadataType

from materializers.storage import (
    array_path,
    lasting_folder,
    load_array,
    read_json,
    store_array,
    write_json,
    write_table,
)
from operations.platform.references import write_references
from recognition.data.dataset import Duplicates, ImageDataset, Split, array_digest
from recognition.data.encoded_images import EncodedContent, EncodedImages
from recognition.data.findings import Findings, SuspiciousPair
from recognition.data.image_transform import ImageTransform
from recognition.errors import RecognitionError
from recognition.pictures.grid import image_grid
from recognition.pictures.pairs import pairs_picture

GRID_IMAGES = 40
PAIRS = 24  # shown of each kind


class ImageDatasetMaterializer(BaseMaterializer):
    """Stores each array once for each content; loading maps them into memory."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (ImageDataset,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, data: ImageDataset) -> None:
        """Write the arrays that are not stored yet, and the JSON that names them."""
        _is_intact.cache_clear()
        splits = {name: self._store_split(split) for name, split in data.splits.items()}
        document = {
            "name": data.name,
            "classes": data.classes,
            "superclasses": data.superclasses,
            "superclass_of": data.superclass_of.tolist(),
            "duplicates": {"within": dict(data.duplicates.within), "across": dict(data.duplicates.across)},
            "source_digest": data.source_digest,
            "notes": data.notes,
            "transform": data.transform.to_json() if data.transform else None,
            "findings": data.findings.to_json(),
            "splits": splits,
        }
        write_json(self.artifact_store, f"{self.uri}/dataset.json", document)
        digests = {digest for split in splits.values() for digest in split["arrays"].values()}
        write_references(self.artifact_store, self.uri, sorted(array_path(self.artifact_store, d) for d in digests))

    def load(self, data_type: type[Any]) -> ImageDataset:
        """Map the arrays into memory."""
        document = cast(dict[str, Any], read_json(self.artifact_store, f"{self.uri}/dataset.json"))
        transform = ImageTransform.from_json(document["transform"]) if document["transform"] else None
        loader = _Loader(self.artifact_store, lasting_folder(self), transform)
        splits = {name: loader.split(split) for name, split in document["splits"].items()}
        return ImageDataset(
            name=document["name"],
            splits=splits,
            classes=tuple(document["classes"]),
            superclasses=tuple(document["superclasses"]),
            superclass_of=np.array(document["superclass_of"], np.int32),
            duplicates=Duplicates(**document["duplicates"]),
            source_digest=document["source_digest"],
            notes=tuple(document["notes"]),
            transform=transform,
            findings=Findings.from_json(document["findings"]),
        )

    def save_visualizations(self, data: ImageDataset) -> dict[str, VisualizationType]:
        """Labelled training images, the images of each class by side, and what a person should look at."""
        tables = {"classes": _class_counts(data), **_finding_tables(data)}
        for name, table in tables.items():
            write_table(self.artifact_store, f"{self.uri}/{name}.csv", table)
        pictures = {"images": _sample(data), **_pair_pictures(data)}
        for name, picture in pictures.items():
            with self.artifact_store.open(f"{self.uri}/{name}.png", "wb") as file:
                file.write(picture)
        shown = {f"{self.uri}/{name}.png": VisualizationType.IMAGE for name in pictures}
        return {**shown, **{f"{self.uri}/{name}.csv": VisualizationType.CSV for name in tables}}

    def extract_metadata(self, data: ImageDataset) -> dict[str, MetadataType]:
        """Sizes, counts of each class, duplicates, findings and the content digest."""
        names = data.classes
        metadata: dict[str, Any] = {
            "name": data.name,
            "digest": data.digest,
            "images": {name: len(split) for name, split in data.splits.items()},
            "image_shape": list(data.image_shape),
            "classes": len(names),
            "duplicates_within": dict(data.duplicates.within),
            "duplicates_across": dict(data.duplicates.across),
            "unreadable": len(data.findings.unreadable),
            "suspicious_pairs": dict(data.findings.counts),
        }
        for side, split in data.splits.items():
            counts = split.counts(len(names)).tolist()
            metadata[f"{side}_images_per_class"] = dict(zip(names, counts, strict=True))
        return metadata

    def compute_content_hash(self, data: ImageDataset) -> str:
        """The digest of everything in it: the same content leaves later steps cached."""
        return data.digest

    def _store_split(self, split: Split) -> dict[str, Any]:
        for name, array in split.arrays.items():
            path = Path(array_path(self.artifact_store, split.digests[name]))
            if path.is_file() and not _is_intact(path):
                path.unlink()  # to be written anew; from here on, who loads what lies on this machine trusts it
            store_array(self.artifact_store, array, split.digests[name])
        return {"arrays": split.digests, "paths": list(split.paths)}


class _Loader:
    """Loads the splits of one data set; sides whose images stay encoded share their bytes."""

    def __init__(self, store: BaseArtifactStore, folder: Path, transform: ImageTransform | None) -> None:
        self._store, self._folder, self._transform = store, folder, transform
        self._contents: dict[str, EncodedContent] = {}

    def split(self, document: Mapping[str, Any]) -> Split:
        digests = document["arrays"]
        arrays: dict[str, Any] = {name: self._array(digest) for name, digest in digests.items() if name != "content"}
        if "content" in digests:
            arrays["images"] = self._encoded(digests["content"], arrays.pop("spans"))
        split = Split(**arrays, paths=tuple(document["paths"]))
        vars(split)["digests"] = digests  # known since they were stored; a split made from this one has its own
        return split

    def _encoded(self, digest: str, spans: NDArray[np.int64]) -> EncodedImages:
        assert self._transform is not None, "encoded images are a user's own"
        if digest not in self._contents:
            values = cast(NDArray[np.uint8], self._array(digest))
            self._contents[digest] = EncodedContent(values)
            vars(self._contents[digest])["digest"] = digest
        return EncodedImages(self._contents[digest], spans, self._transform)

    def _array(self, digest: str) -> NDArray[np.generic]:
        """An array; one that came from another machine is looked at, one that lies here ingest has looked at."""
        array = load_array(self._store, digest, self._folder)
        if not Path(array_path(self._store, digest)).is_file() and not _has_digest(array, digest):
            raise RecognitionError(
                "stored images are not what was stored",
                received=f"{array_path(self._store, digest)}, with another content than its name tells",
                remedy="remove that file, and run again",
            )
        return array


@cache  # sides share the bytes of encoded images
def _is_intact(path: Path) -> bool:
    """Whether a stored array is still what its name tells."""
    try:
        return _has_digest(np.load(path, mmap_mode="r", allow_pickle=False), path.stem)
    except (ValueError, EOFError):  # cut short
        return False


def _has_digest(array: NDArray[Any], digest: str) -> bool:
    is_content = array.ndim == 1 and array.dtype == np.uint8
    return digest == (EncodedContent(array).digest if is_content else array_digest(array))


def _sample(data: ImageDataset) -> bytes:
    split = data.splits["train"]
    chosen = np.linspace(0, len(split) - 1, min(GRID_IMAGES, len(split))).astype(np.int64)
    return image_grid(split.images[chosen], [data.classes[label] for label in split.labels[chosen]], columns=8)


def _pair_pictures(data: ImageDataset) -> dict[str, bytes]:
    """A picture of the pairs of each kind that there is, by name."""
    pictures = {}
    for kind in dict.fromkeys(pair.kind for pair in data.findings.pairs):
        pairs = [pair for pair in data.findings.pairs if pair.kind == kind][:PAIRS]
        titles = [(_short_title(data, pair, 0), _short_title(data, pair, 1)) for pair in pairs]
        first, second = (np.stack([_image(data, pair, which) for pair in pairs]) for which in (0, 1))
        pictures[kind.replace(" ", "_")] = pairs_picture(first, second, titles)
    return pictures


def _image(data: ImageDataset, pair: SuspiciousPair, which: int) -> NDArray[np.uint8]:
    place = (pair.first, pair.second)[which]
    image: NDArray[np.uint8] = data.splits[place.side].images[place.number]
    return image


def _title(data: ImageDataset, pair: SuspiciousPair, which: int) -> str:
    side, number = (pair.first, pair.second)[which]
    split = data.splits[side]
    return f"{data.classes[split.labels[number]]}, {side}, {split.paths[number]}"


def _short_title(data: ImageDataset, pair: SuspiciousPair, which: int) -> str:
    """What fits below a picture: the side, and what tells the two apart."""
    side, number = (pair.first, pair.second)[which]
    split = data.splits[side]
    telling = data.classes[split.labels[number]] if pair.kind == "two labels" else split.paths[number].split("/")[-1]
    return f"{side}: {telling}"


def _finding_tables(data: ImageDataset) -> dict[str, list[tuple[object, ...]]]:
    tables: dict[str, list[tuple[object, ...]]] = {}
    if data.findings.unreadable:
        tables["unreadable"] = [("file", "reason"), *data.findings.unreadable]
    if data.findings.pairs:
        rows = [(pair.kind, _title(data, pair, 0), _title(data, pair, 1)) for pair in data.findings.pairs]
        tables["suspicious_pairs"] = [("kind", "one", "other"), *rows]
    return tables


def _class_counts(data: ImageDataset) -> list[tuple[object, ...]]:
    counts = [split.counts(len(data.classes)).tolist() for split in data.splits.values()]
    return [("class", *data.splits), *zip(data.classes, *counts, strict=True)]
