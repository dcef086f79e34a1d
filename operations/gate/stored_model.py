"""A registered model at the gate: what it knows and has seen, what it answers, what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from operations.platform.environment import load_tensorflow
from operations.registry.registered_model import RegisteredModel
from operations.registry.stored_files import changed_files
from operations.tracking.logged_model import KERAS_FILE, SEEN_FILE
from operations.tracking.model_files import kept, metadata_in
from recognition.data.dataset import ImageDataset, Split
from recognition.data.encoded_images import Images
from recognition.evaluation.evaluate import evaluate
from recognition.evaluation.evaluation import Evaluation
from recognition.gate.latency import latencies
from recognition.training.model_file import load_model

if TYPE_CHECKING:
    import keras

MEGABYTE = 1_000_000


class StoredModel:
    """A registered model; its files are fetched, and the model loaded, when first asked for.

    Args:
        registered: The model.
    """

    def __init__(self, registered: RegisteredModel) -> None:
        self.registered = registered

    @cached_property
    def folder(self) -> Path:
        """Where the model's files are."""
        return kept(self.registered.uri)

    @property
    def path(self) -> Path:
        """The model's file."""
        return self.folder / KERAS_FILE

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What travels with the model."""
        return metadata_in(self.folder)

    @cached_property
    def model(self) -> keras.Model:
        """The model itself."""
        load_tensorflow()
        return load_model(self.path)

    @property
    def size(self) -> float:
        """Size of the file in megabytes."""
        return self.path.stat().st_size / MEGABYTE

    @property
    def seen(self) -> NDArray[np.uint64]:
        """Content hashes of the images that the model was trained or selected on, uint64, (n,)."""
        hashes: NDArray[np.uint64] = np.load(self.folder / SEEN_FILE, allow_pickle=False)
        return hashes

    def why_unfit(self, dataset: ImageDataset) -> str:
        """Why the model cannot answer for a data set, empty where it can."""
        lost = self._why_lost()
        if lost:
            return lost
        metadata = self.metadata
        if not {"classes", "image_shape"} <= metadata.keys():
            return "what it knows was not stored with it"
        if not set(dataset.classes) & set(metadata["classes"]):
            return "it shares no class with these data"
        if list(metadata["image_shape"]) != list(dataset.image_shape):
            return f"it takes images of {metadata['image_shape']}, ours are {list(dataset.image_shape)}"
        theirs, ours = metadata.get("transform") or {}, dataset.transform.to_json() if dataset.transform else {}
        if theirs != ours:
            differing = sorted(key for key in theirs | ours if theirs.get(key) != ours.get(key))
            return f"its image files became arrays in another way ({', '.join(differing)})"
        return ""

    def judged(self, dataset: ImageDataset, split: Split, batch_size: int | None) -> Evaluation:
        """The model's answers for a split, among the data's classes and, behind them, those that only it knows.

        Args:
            dataset: Names the classes.
            split: The images.
            batch_size: Images a batch; None for what fits.
        """
        from recognition.evaluation.predict import predict

        theirs = self.metadata["classes"]
        names = (*dataset.classes, *(name for name in theirs if name not in set(dataset.classes)))
        place = {name: index for index, name in enumerate(names)}
        probabilities = np.zeros((len(split), len(names)), np.float32)
        probabilities[:, [place[name] for name in theirs]] = predict(self.model, split.images, batch_size)
        known = len(names) == len(dataset.classes)
        return evaluate(probabilities, split, names, *((dataset.superclasses, dataset.superclass_of) if known else ()))

    def _why_lost(self) -> str:
        from mlflow.exceptions import MlflowException

        try:
            found = self.path.is_file()
        except OSError:
            found = False
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            found = False
        if not found:
            return "its stored files are gone"
        if not (self.folder / SEEN_FILE).is_file():
            return "which images it was trained on was not stored with it"
        return "its stored file is not what was registered" if changed_files(self.registered, self.folder) else ""


def measure_latencies(models: Sequence[StoredModel], images: Images) -> tuple[float, ...]:
    """How long each takes for an image alone, in milliseconds, median of many turns.

    Args:
        models: One or two.
        images: Of which the first is answered for.
    """
    import tensorflow as tf

    image = tf.constant(np.asarray(images[:1]))

    def forward(model: keras.Model) -> Any:
        call = tf.function(
            lambda batch: model(batch, training=False), input_signature=[tf.TensorSpec.from_tensor(image)]
        )
        return lambda: call(image).numpy()

    return latencies([forward(each.model) for each in models])
