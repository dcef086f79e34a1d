"""Claim: judging 10,000 images takes at most 1.3 times as long as the model's bare compiled forward pass over them.

A network of train.yaml with CIFAR-100's shapes and random weights: `predict` and `evaluate`, every metric and label
suspect included, against a compiled function that is called with the same batches of 500 images. Both have compiled
before; `predict` compiles again each time, which is in its figure. Then `evaluate` alone, on synthetic probabilities of
1,000 classes.

    python benchmarks/evaluation.py --repeats 5 --images 10000 --many 50000
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import numpy as np
import psutil
from measurement import Figure, alternate, arguments, cost_ratio, publish
from memory import Peak, watched

CLASSES, MANY_CLASSES = 100, 1_000
GIB = 2**30


def main() -> None:
    """Time judging against the forward pass in turns, then many images of many classes."""
    parser = arguments(__doc__, repeats=5)
    parser.add_argument("--network", default="fast")
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=50_000, help="images of 1,000 classes; %(default)s")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    figures = [
        judging(options.network, options.images, options.repeats),
        *many_classes(options.many, options.repeats),
    ]
    publish("evaluation", __doc__, figures, options.results)


def judging(network: str, count: int, repeats: int) -> Figure:
    """How many times as long as the forward pass predicting and evaluating take."""
    from recognition.evaluation.evaluate import evaluate
    from recognition.evaluation.predict import fitting_batch, predict

    model, split = untrained(network), split_of(count, CLASSES, side=32)
    forward = bare_forward(model, split.images, fitting_batch(split.images.shape))
    rounds = alternate(
        lambda _: evaluate(predict(model, split.images), split, names(CLASSES)), lambda _: forward(), repeats
    )
    compared = f"predict and evaluate, {count:,} images, {network}", "compiled forward pass of the same batches"
    return cost_ratio("judging images", compared, rounds, 1.3)


def many_classes(count: int, repeats: int) -> list[Figure]:
    """Seconds and memory of `evaluate` with a thousand classes and a temperature, which asks for everything twice."""
    from recognition.evaluation.evaluate import evaluate

    split = split_of(count, MANY_CLASSES, side=1)
    probabilities = synthetic(split.labels, MANY_CLASSES)
    seconds, gibibytes = [], []
    for _ in range(repeats):
        before = Peak()
        before.look(psutil.Process())
        start = time.perf_counter()
        with watched() as peak:
            evaluate(probabilities, split, names(MANY_CLASSES), temperature=1.5)
        seconds.append(time.perf_counter() - start)
        gibibytes.append((peak.anonymous - before.anonymous) / GIB)
    what = (f"evaluate, {count:,} images, {MANY_CLASSES:,} classes, temperature 1.5",)
    return [
        Figure("evaluating many classes", what, tuple(seconds), "s", 15, False),
        Figure("memory of evaluating many classes", what, tuple(gibibytes), "GiB", 1, False),
    ]


def untrained(network: str):
    """A registered model's likeness: raw images in, probabilities out."""
    import keras

    from recognition.networks import build_network

    images = keras.Input((32, 32, 3), dtype="uint8")
    logits = build_network(network, (32, 32, 3), CLASSES)(keras.layers.Rescaling(1 / 255)(images))
    return keras.Model(images, keras.layers.Softmax()(logits))


def bare_forward(model, images: np.ndarray, batch: int) -> Callable[[], None]:
    """A function that runs a compiled model over images and drops its answers."""
    import tensorflow as tf

    run = tf.function(lambda part: model(part, training=False))

    def forward() -> None:
        for start in range(0, len(images), batch):
            run(tf.constant(images[start : start + batch])).numpy()

    return forward


def split_of(count: int, classes: int, side: int):
    """Random images and labels."""
    from recognition.data.dataset import Split

    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, side, side, 3), np.uint8)
    return Split(images, generator.integers(0, classes, count, np.int32), np.arange(count, dtype=np.uint64))


def synthetic(labels: np.ndarray, classes: int) -> np.ndarray:
    """Probabilities of a model that is right in about four of ten."""
    generator = np.random.default_rng(1)
    odds = generator.standard_normal((len(labels), classes), np.float32) * 2
    odds[np.arange(len(labels)), labels] += 6
    np.exp(odds, out=odds)
    odds /= odds.sum(axis=1, keepdims=True)
    return odds


def names(classes: int) -> tuple[str, ...]:
    """A name for each class."""
    return tuple(map(str, range(classes)))


if __name__ == "__main__":
    main()
