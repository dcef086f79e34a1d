"""Claim: a step of our training is as fast as a plain PyTorch loop of the same network.

seed.yaml's network (recognition/networks/deck.py) at batch 128 with Adam: our `Learner.train_step`, with seed.yaml's
augmentation and its draws, against PyTorch's forward pass, cross-entropy, backward pass and Adam in channels-last, on
images that are tensors already and are not augmented. Each lives in a process of its own; they work in turns. PyTorch
is needed for this comparison only: `pip install -e .[benchmark]`.

    python benchmarks/training.py --repeats 7 --steps 3
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from measurement import alternate, arguments, publish, speed_ratio

BATCH = 128
CLASSES = 100
RATE = 3e-4
STATE: dict = {}  # of a worker process: its function that takes one step


def main() -> None:
    """Time some steps of each, in turns."""
    parser = arguments(__doc__, repeats=7)
    parser.add_argument("--steps", type=int, default=3, help="a round; %(default)s")
    options = parser.parse_args()
    if importlib.util.find_spec("torch") is None:
        print("error: this benchmark needs PyTorch: pip install -e .[benchmark]", file=sys.stderr)
        sys.exit(2)
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, context, initializer=prepare_ours) as ours,
        ProcessPoolExecutor(1, context, initializer=prepare_torch) as theirs,
    ):
        rounds = alternate(
            lambda _: ours.submit(take, options.steps).result(),
            lambda _: theirs.submit(take, options.steps).result(),
            options.repeats,
        )
    fastest = (options.steps * BATCH / min(seconds) for seconds in zip(*rounds, strict=True))
    print("ours {:.1f} images/s, PyTorch {:.1f}, each in its fastest round".format(*fastest))
    compared = "Learner.train_step of deck, batch 128, adam, augmented", "PyTorch, channels-last, not augmented"
    publish("training", __doc__, [speed_ratio("training, a step of seed.yaml", compared, rounds, 1.0)], options.results)


def take(steps: int) -> None:
    """Take steps in a worker process."""
    for _ in range(steps):
        STATE["step"]()


def prepare_ours() -> None:
    """Build our learner in this process, and take a step, which compiles it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from recognition.augmentation.plan import resolve_plan
    from recognition.augmentation.transform import step_seed
    from recognition.configuration.sections.augmentation import AugmentationConfig
    from recognition.configuration.sections.train import TrainConfig
    from recognition.data.dataset import Duplicates, ImageDataset, Split
    from recognition.training.device import choose_device
    from recognition.training.learner import Learner

    images, labels = pixels(), answers()
    split = Split(images, labels, np.zeros(BATCH, np.uint64))
    names, nothing = tuple(map(str, range(CLASSES))), np.zeros(0, np.int32)
    data = ImageDataset("benchmark", {"train": split}, names, (), nothing, Duplicates({}, {}))
    options = {"width_shift_range": 0.1, "height_shift_range": 0.1, "horizontal_flip": True, "vertical_flip": True}
    plan = resolve_plan(AugmentationConfig(**options), split)
    config = TrainConfig(network="deck", epochs=1, batch_size=BATCH, optimizer="adam", learning_rate=RATE)
    learner = Learner(data, plan, config, choose_device("cpu", "float32"))
    weights = np.ones(BATCH, np.float32)

    def step() -> None:
        loss, hits = learner.train_step(images, labels, weights, step_seed(0, 0, 0))
        float(loss), float(hits)

    STATE["step"] = step
    step()


def prepare_torch() -> None:
    """Build the same network and loop in PyTorch."""
    import torch
    from torch import nn

    layers, inputs = [], 3
    for width in (128, 256, 512):
        layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ELU(), nn.Conv2d(width, width, 3), nn.ELU()]
        layers += [nn.MaxPool2d(2), nn.Dropout(0.25)]
        inputs = width
    layers += [nn.Flatten(), nn.Linear(512 * 2 * 2, 1024), nn.ELU(), nn.Dropout(0.5), nn.Linear(1024, CLASSES)]
    network = nn.Sequential(*layers).to(memory_format=torch.channels_last)
    assert sum(weight.numel() for weight in network.parameters()) == 6_777_060, "not the deck's network"
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    images = torch.from_numpy(pixels().astype(np.float32) / 255).permute(0, 3, 1, 2)  # which is channels-last
    labels = torch.from_numpy(answers().astype(np.int64))

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(network(images), labels)
        loss.backward()
        optimizer.step()
        loss.item()

    STATE["step"] = step
    step()


def pixels() -> np.ndarray:
    """A batch of images."""
    return np.random.default_rng(0).integers(0, 256, (BATCH, 32, 32, 3), dtype=np.uint8)


def answers() -> np.ndarray:
    """Their labels."""
    return np.random.default_rng(1).integers(0, CLASSES, BATCH, dtype=np.int32)


if __name__ == "__main__":
    main()
