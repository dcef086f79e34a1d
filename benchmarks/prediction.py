"""Claim: `predict` answers for a first image within 8 s of its start, and its memory does not grow with the images.

A network of random weights, registered in a state folder of its own, answers for images of 32 by 32 pixels, PNG files.
Cold start: the whole command for one file, in a new process, files in the page cache; beside it the same where ZenML is
asked which stack is active. Throughput: files read, decoded and predicted, against `recognition.evaluation.predict` on
the same images decoded. Memory: the command's own for 20,000 files against that for 2,000.

    python benchmarks/prediction.py --repeats 5
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
from command import ENTRY
from measurement import Figure, Round, alternate, arguments, cost_ratio, publish
from memory import Peak, watch
from PIL import Image

from operations.platform.environment import load_tensorflow, prepare_environment

if TYPE_CHECKING:
    import keras

IMAGES, MANY = 2_000, 20_000
SIDE, CLASSES = 32, 100
LIMIT = 8.0  # seconds


def main() -> None:
    """Register a network, and measure."""
    options = arguments(__doc__, repeats=5).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["RECOGNITION_STATE"] = str(Path(folder) / "state")
        prepare_environment()
        load_tensorflow()
        stack = register()
        few, many = write_images(Path(folder))
        figures = [*cold_starts(few / "0.png", stack, options.repeats), throughput(few, options.repeats)]
        figures.append(memory(few, many, options.repeats))
    publish("prediction", __doc__, figures, options.results)


def register() -> str:
    """Make a network the champion of a model; the id of ZenML's active stack."""
    from zenml.client import Client

    from operations.registry import registry
    from operations.tracking import connection, mlflow_runs
    from operations.tracking.logged_model import log_model

    client, network = connection.connect(), random_network()
    metadata = {"classes": [f"class {number}" for number in range(CLASSES)], "image_shape": [SIDE, SIDE, 3]}
    file = log_model(client, mlflow_runs.run_id_of(client, "random"), network, metadata, np.empty(0, np.uint64))
    model = registry.register(client, "random", file, metadata, [])
    client.set_registered_model_alias(model.name, registry.CHAMPION, model.mlflow_version)
    return str(Client().active_stack_model.id)


def random_network() -> keras.Model:
    """train.yaml's network, untrained: uint8 images in, probabilities out."""
    import keras

    from recognition.networks import build_network

    images = keras.Input((SIDE, SIDE, 3), dtype="uint8", name="images")
    logits = build_network("fast", (SIDE, SIDE, 3), CLASSES)(keras.layers.Rescaling(1 / 255)(images))
    return keras.Model(images, keras.layers.Softmax()(logits))


def write_images(folder: Path) -> tuple[Path, Path]:
    """A folder of IMAGES random images, and one of MANY that links to them."""
    few, many = folder / "few", folder / "many"
    few.mkdir(), many.mkdir()
    generator = np.random.default_rng(0)
    for number in range(IMAGES):
        Image.fromarray(generator.integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(few / f"{number}.png")
    for number in range(MANY):
        os.link(few / f"{number % IMAGES}.png", many / f"{number}.png")
    return few, many


def command(images: Path, variables: Mapping[str, str] | None = None) -> Peak:
    """Run the command in a process of its own; its memory."""
    words = [sys.executable, *ENTRY, "predict", str(images), "--output", f"{images}.csv"]
    process = psutil.Popen(words, env={**os.environ, **(variables or {})}, stderr=subprocess.DEVNULL)
    peak = watch(process)
    if process.returncode:
        sys.exit(f"failed: {' '.join(words)}")
    return peak


def cold_starts(image: Path, stack: str, repeats: int) -> list[Figure]:
    """Wall and CPU time of the command for one image, with ZenML's files alone and with ZenML."""
    asked, processors = {"ZENML_ACTIVE_STACK_ID": stack}, []

    def start(variables: Mapping[str, str]) -> None:
        before = children_seconds()
        command(image, variables)
        processors.append((bool(variables), children_seconds() - before))

    rounds = alternate(lambda _: start({}), lambda _: start(asked), repeats)
    ours, theirs = ("predict one.png", "predict one.png, ZenML asked for the stack")
    busy = tuple(seconds for was_asked, seconds in processors[2:] if not was_asked)
    return [
        Figure("cold start", (ours,), tuple(each.ours for each in rounds), "s", LIMIT, False, rounds),
        Figure("cold start, CPU time", (ours,), busy, "s"),
        Figure("cold start, ZenML asked", (theirs,), tuple(each.theirs for each in rounds), "s"),
    ]


def children_seconds() -> float:
    """CPU time of the processes that have ended, seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def throughput(folder: Path, repeats: int) -> Figure:
    """Time for files, from their names to answers, against that for decoded images."""
    from operations.inference.classifiers import load_registered
    from operations.registry.lookup import find_model
    from operations.tracking import connection
    from recognition.evaluation.predict import predict
    from recognition.prediction.inputs import all_images, find_sources
    from recognition.prediction.predict_stream import predict_stream

    classifier = load_registered(find_model(connection.connect(), "champion"))
    decoded = np.stack([np.asarray(Image.open(path)) for path in folder.glob("*.png")])

    def files(_: int) -> None:
        for _batch in predict_stream(classifier, all_images(find_sources([str(folder)], (), folder))):
            pass

    rounds = alternate(files, lambda _: predict(classifier.model, decoded), repeats)
    best = min(each.ours for each in rounds)
    print(f"{IMAGES / best:,.0f} images/s from files, at best")
    names = ("predict_stream, PNG files", "evaluation.predict, the same images decoded")
    return cost_ratio("time for files against decoded images", names, rounds)


def memory(few: Path, many: Path, repeats: int) -> Figure:
    """Anonymous memory of the command for MANY images against that for IMAGES."""
    rounds = [Round(command(many).anonymous, command(few).anonymous) for _ in range(min(2, repeats))]
    print(f"{rounds[0].theirs / 2**20:.0f} MiB of memory for {IMAGES:,} images")
    names = (f"predict, {MANY:,} files", f"predict, {IMAGES:,} files")
    return cost_ratio("memory for ten times as many images", names, rounds, goal=1.1)


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s")
