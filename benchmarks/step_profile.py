"""How close a recipe's training step comes to the machine's matrix multiply, and where the rest goes.

Takes steps of `Learner.train_step` on random images, as the recipe has them: optimizer, augmentation, and each of its
image sizes. Operations are counted in TensorFlow's graph of the step (a multiplication and an addition are two,
gradients included), the time of each kernel is told by TensorFlow's profiler. Kernels that run at the same time are
counted each, so the shares are of their sum, not of the step.

    python benchmarks/step_profile.py --config train.yaml
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from measurement import Figure, arguments, matmul_gflops, publish

CLASSES = 100
KINDS = {  # beginnings of kernels' names, oneDNN's "_Mkl" and "Native" left out
    "convolutions, forward": ("Conv2D", "FusedConv2D"),
    "convolutions, gradients of images": ("Conv2DBackpropInput",),
    "convolutions, gradients of filters": ("Conv2DBackpropFilter",),
    "matrix multiplies (optimizer, dense layers)": ("MatMul", "BatchMatMul"),
    "pooling": ("MaxPool", "AvgPool"),
}
REST = "elementwise operations, sums, norms"
NOT_KERNELS = ("Process", "Eager", "TFE", "__inference", "Run", "FunctionRun", "Start", "ExecuteAsync", "_learn", "tf.")


def main() -> None:
    """Profile a recipe's steps, size by size."""
    parser = arguments(__doc__, repeats=5)
    parser.add_argument("--config", default="train.yaml", metavar="RECIPE", help="a name in configs/; %(default)s")
    options = parser.parse_args()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    learner, config, batch = prepare(options.config)
    figures = []
    for size in (*sorted(map(int, config.sizes or {})), None):
        figures += measure(learner, batch, size, options.repeats)
    name = Path(options.config).stem
    publish("step_profile", f"{__doc__.splitlines()[0]} ({name}.yaml)", figures, options.results / "profiles" / name)


def prepare(name: str):
    """The recipe's learner, its section `train`, and a batch for it."""
    from recognition.augmentation.plan import resolve_plan
    from recognition.configuration.loading import find_config, load_config
    from recognition.data.dataset import Duplicates, ImageDataset, Split
    from recognition.training.device import choose_device
    from recognition.training.learner import Learner

    config = load_config(find_config(name, Path(__file__).resolve().parent.parent / "configs"))
    count, random = config.train.batch_size, np.random.default_rng(0)
    images = random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
    split = Split(images, random.integers(0, CLASSES, count, dtype=np.int32), np.arange(count, dtype=np.uint64))
    names, nothing = tuple(map(str, range(CLASSES))), np.zeros(0, np.int32)
    data = ImageDataset("benchmark", {"train": split}, names, (), nothing, Duplicates({}, {}))
    device = choose_device(config.train.device, config.train.precision)
    learner = Learner(data, resolve_plan(config.augmentation, split), config.train, device)
    learner.learning_rate = 0.0
    return learner, config.train, (images, split.labels, np.ones(count, np.float32))


def measure(learner, batch, size: int | None, repeats: int) -> list[Figure]:
    """Figures of one image size: speed, share of a matrix multiply's, and shares of the kernels."""
    pixels = f"{size or batch[0].shape[1]} px"
    step(learner, batch, size), step(learner, batch, size)
    operations, speeds, shares = count_operations(learner, batch, size), [], []
    for _ in range(repeats):
        start = time.perf_counter()
        step(learner, batch, size)
        seconds = time.perf_counter() - start
        speeds.append(len(batch[0]) / seconds)
        shares.append(operations / 1e9 / seconds / matmul_gflops(3))
    what = (f"{operations / 1e9:.0f} GFLOP a step of {len(batch[0])} images",)
    print(f"{pixels}: {what[0]}")
    kinds = kernel_shares(learner, batch, size)
    return [
        Figure(f"{pixels}: speed", what, tuple(speeds), "images/s"),
        Figure(f"{pixels}: of a matrix multiply's speed", what, tuple(shares), "x"),
        *(Figure(f"{pixels}: share of {kind}", ("all kernels",), (share,), "x") for kind, share in kinds.items()),
    ]


def step(learner, batch, size: int | None) -> None:
    """Take one step and wait for it."""
    from recognition.augmentation.transform import step_seed

    float(learner.train_step(*batch, step_seed(0, 0, 0), size)[0])


def count_operations(learner, batch, size: int | None) -> int:
    """Floating-point operations of a step, as TensorFlow counts those of its graph."""
    import tensorflow as tf

    from recognition.augmentation.transform import step_seed

    arguments = (*map(tf.constant, batch), step_seed(0, 0, 0), size, True)
    graph = learner.train_step.compiled.get_concrete_function(*arguments).graph
    builder = tf.compat.v1.profiler.ProfileOptionBuilder
    counted = builder(builder.float_operation()).with_empty_output().build()
    return tf.compat.v1.profiler.profile(graph, options=counted).total_float_ops


def kernel_shares(learner, batch, size: int | None) -> dict[str, float]:
    """Share of each kind of kernel in the time of all kernels, of two steps."""
    import tensorflow as tf
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    with tempfile.TemporaryDirectory() as folder:
        with tf.profiler.experimental.Profile(folder):
            step(learner, batch, size), step(learner, batch, size)
        space = xplane_pb2.XSpace()
        space.ParseFromString(next(Path(folder).rglob("*.xplane.pb")).read_bytes())
    times: Counter[str] = Counter()
    for plane in space.planes:
        for line in plane.lines if plane.name.startswith("/host:CPU") else ():
            for event in line.events:
                name = plane.event_metadata[event.metadata_id].name.rpartition(":")[2].strip()
                if name and not name.startswith(NOT_KERNELS):
                    times[kind_of(name)] += event.duration_ps
    return {kind: time / times.total() for kind, time in times.most_common()}


def kind_of(kernel: str) -> str:
    """What a kernel does, from its name such as "_MklNativeConv2DBackpropInput"."""
    plain = kernel.removeprefix("_Mkl").removeprefix("Native").removeprefix("_Fused")
    matching = [kind for kind, names in KINDS.items() if plain.startswith(names)]
    return matching[-1] if matching else REST


if __name__ == "__main__":
    main()
