"""Export a registered model: checked against it, and there whole or not at all."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from operations.inference.classifiers import load_from
from operations.platform.cache import is_there
from operations.platform.console import echo, render_lines
from operations.platform.environment import PROJECT, check_writable, silenced, state_folder
from operations.registry.lookup import find_model
from operations.registry.registered_model import RegisteredModel
from operations.registry.stored_files import checked
from operations.tracking import connection
from operations.tracking.logged_model import KERAS_FILE
from operations.tracking.model_files import metadata_in, read_metadata
from recognition.errors import InputError
from recognition.export.check_images import Labelled, images_of_folder, images_of_split
from recognition.export.choice import Choice, check_choice, check_network
from recognition.export.description import FILE, Description
from recognition.export.export import check_export, ends, export_model, packages_of

if TYPE_CHECKING:
    from recognition.data.dataset import ImageDataset
    from recognition.prediction.classifier import Classifier

REPRESENTATIVES = 300  # training images that eight bits are fitted to: TensorFlow advises some hundred


def export(
    word: str,
    format_: str,
    quantize: str | None = None,
    output: Path | None = None,
    images: Path | None = None,
    count: int = 1_000,
    tolerance: float | None = None,
) -> tuple[Description, Path]:
    """Export a registered model.

    Args:
        word: The model, as `find_model` takes it.
        format_: One of the formats.
        quantize: "int8", "float16" or None.
        output: Folder to make, or to replace where an export is in it; None for one in the state folder.
        images: Folder of labelled images to check with; None for the test images of the model's own data set.
        count: How many of them.
        tolerance: Largest difference of a probability that may pass; None for the format's own.

    Returns:
        What was written, and its folder.

    Raises:
        InputError: If format and quantization do not go together, a package, the model or its data is missing, or the
            folder holds something else.
        RecognitionError: If the export does not answer as the model does; nothing is left behind then.
    """
    from operations.platform.stack import active_stack_name

    choice = check_choice(format_, quantize)
    check_writable(state_folder(), "state folder")
    active_stack_name()
    model = find_model(connection.connect(), word)
    check_network(choice, (read_metadata(model.uri) or {}).get("train", {}).get("network", ""))
    folder = (output or state_folder() / "exports" / f"{model.name}-{model.mlflow_version}-{choice}").resolve()
    _check_folder(folder)
    samples = _samples(model) if choice.quantize == "int8" else np.empty(0, np.uint8)
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # both answer on the processor: a GPU rounds otherwise
    with checked(model) as files:
        with silenced():
            classifier = load_from(files, model)
            labelled = _check_images(model, classifier, images, count)
        echo(
            f"export: {model.name} version {model.mlflow_version} as {choice}, checked with {len(labelled[1]):,} images"
        )
        with _made_whole(folder) as unfinished:
            return _write(model, files, classifier, choice, unfinished, samples, labelled, tolerance), folder


def render_export(description: Description, folder: Path) -> str:
    """What was written, as a person reads it on the terminal."""
    parity = description.parity
    lines = [
        ("largest difference", f"{parity.largest_difference:.2g} of a probability ({parity.tolerance:g} may be)"),
        ("agreement", f"{parity.agreement:.2%} of {parity.images:,} test images"),
        ("accuracy", f"{parity.accuracy_registered:.2%} → {parity.accuracy:.2%}"),
        ("size", f"{parity.bytes_registered / 1e6:.2f} → {parity.bytes / 1e6:.2f} MB"),
        ("latency", f"{parity.latency_ms_registered:.2f} → {parity.latency_ms:.2f} ms for one image, here"),
        ("file", str(folder / description.file)),
        ("beside it", str(folder / FILE)),
    ]
    return render_lines(f"exported {description.model} version {description.version}", lines)


def _write(
    model: RegisteredModel,
    stored: Path,
    classifier: Classifier,
    choice: Choice,
    folder: Path,
    samples: NDArray[np.uint8],
    labelled: Labelled,
    tolerance: float | None,
) -> Description:
    metadata = metadata_in(stored)
    files = stored / KERAS_FILE, folder / choice.file
    with silenced(), _without_advice():
        export_model(classifier.model, choice, files[1], samples)
        parity = check_export(classifier.model, choice, files, *labelled, tolerance)
    description = Description(
        model=model.name,
        version=model.mlflow_version,
        sha256=model.sha256,
        format=choice.format,
        quantize=choice.quantize,
        file=choice.file,
        **ends(classifier.model),
        classes=classifier.classes,
        superclasses=metadata.get("superclasses", ()),
        superclass_of=metadata.get("superclass_of", ()),
        transform=classifier.transform.to_json(),
        temperature=metadata.get("temperature", 1.0),
        rejection=classifier.rejection,
        data={"name": metadata["data"], "digest": metadata["data_digest"]},
        parity=parity,
        packages=packages_of(choice),
    )
    (folder / FILE).write_text(description.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return description


def _check_folder(folder: Path) -> None:
    """Only an earlier export is ever replaced."""
    check_writable(folder.parent, "folder of --output")
    if folder.exists() and not (folder / FILE).is_file() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(
            "--output names something that is no export",
            received=str(folder),
            expected="a folder that is not there yet, is empty, or holds an export, which is replaced",
        )


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """A temporary folder beside the final one, which takes its place when the block ends well."""
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        unfinished = Path(temporary) / "new"
        unfinished.mkdir()
        yield unfinished
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        unfinished.rename(folder)


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keep TensorFlow from telling of what its own converters and tf2onnx call."""
    logger = logging.getLogger("tensorflow")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _check_images(model: RegisteredModel, classifier: Classifier, images: Path | None, count: int) -> Labelled:
    if images is not None:
        return images_of_folder(images, classifier.classes, classifier.transform, count)
    return images_of_split(_dataset(model, "--images FOLDER names labelled images to check with").splits["test"], count)


def _samples(model: RegisteredModel) -> NDArray[np.uint8]:
    dataset = _dataset(model, "int8 cannot do without training images: leave out --quantize, or take float16")
    return images_of_split(dataset.splits["train"], REPRESENTATIVES)[0]


def _dataset(model: RegisteredModel, remedy: str) -> ImageDataset:
    """The data set that a model was trained on, from the artifact that is linked to its version."""
    from zenml.client import Client
    from zenml.utils import source_utils

    source_utils.set_custom_source_root(str(PROJECT))
    try:
        artifact = Client().get_model_version(model.name, int(model.zenml_version)).get_artifact("dataset")
    except (KeyError, ValueError):  # registered by other means than a run of this stack
        artifact = None
    if artifact is None or not is_there(artifact):
        raise InputError(
            "the data set that the model was trained on is no longer stored",
            received=f"{model.name} version {model.mlflow_version}",
            expected="its artifact, with all files",
            remedy=remedy,
        )
    loaded: ImageDataset = artifact.load()
    return loaded
