"""Trainings that need a process of their own, as TensorFlow cannot go back: python -m tests.…alone FOLDER."""

import hashlib
import json
import sys
from pathlib import Path

import tensorflow as tf

from recognition.augmentation.transform import step_seed
from recognition.errors import TrainingStopped
from recognition.training import learner
from recognition.training.device import Device, choose_device
from recognition.training.listener import TrainingListener
from recognition.training.task import Task
from recognition.training.train import train
from tests.recognition.training.samples import few_digits, moving_plan, recipe, tiny_network

EVERYTHING = {
    "batch_size": 16,
    "accumulate": 2,
    "clip_norm": 1.0,
    "ema": 0.9,
    "optimizer": "muon",
    "schedule": "cosine",
}
STOP_AT = 200  # images: in the third epoch of 96 images


class Stopping(TrainingListener):
    """Stops the training in the middle of an epoch."""

    def on_step(self, images, total, images_per_second):
        if images > STOP_AT:
            raise KeyboardInterrupt


class Leaving(TrainingListener):
    """Asks the training to stop after some batches."""

    def __init__(self, batches):
        self.batches = batches

    def on_step(self, images, total, images_per_second):
        self.batches -= 1

    def should_stop(self):
        return self.batches <= 0


class Listening(TrainingListener):
    """Keeps what is said."""

    def __init__(self):
        self.said = []

    def log(self, text):
        self.said.append(text)


def outcome(dataset, plan, folder, **changes):
    listener = Listening()
    config = recipe(epochs=4, deterministic=True, **changes)
    result = train(Task(dataset, plan, config, "accuracy"), folder, listener)
    weights = b"".join(variable.numpy().tobytes() for variable in result.model.get_layer("tiny").variables)
    return {
        "said": listener.said,
        "resumed_from": result.history.resumed_from,
        "epochs": [epoch.model_dump(exclude={"seconds", "images_per_second"}) for epoch in result.history.epochs],
        "weights": hashlib.sha256(weights).hexdigest(),
    }


def interrupt(dataset, plan, folder):
    try:
        train(Task(dataset, plan, recipe(epochs=4, deterministic=True), "accuracy"), folder, Stopping())
    except KeyboardInterrupt:
        return
    raise AssertionError("the training was not interrupted")


def leave(dataset, plan, folder, batches, **changes):
    """Train a few batches more."""
    config = recipe(epochs=4, deterministic=True, **changes)
    try:
        train(Task(dataset, plan, config, "accuracy"), folder, Leaving(batches))
    except TrainingStopped:
        return
    raise AssertionError("the training did not stop")


def places(dataset, plan):
    """Where a learner on the second CPU convolves, in a step and in a score."""
    second = learner.Learner(dataset, plan, recipe(), Device("cpu", "/CPU:1", "float32", ""))
    batch = dataset.splits["train"].images[:8], dataset.splits["train"].labels[:8]
    arguments = (*map(tf.constant, batch), tf.ones(8), step_seed(0, 0, 0))
    step = second.train_step.compiled.get_concrete_function(*arguments, None, True)
    score = second.score.get_concrete_function(*map(tf.constant, batch))
    operations = [*step.graph.get_operations(), *score.graph.get_operations()]
    return [operation.device[-5:] for operation in operations if "Conv2D" in operation.type]


def main(folder):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    learner.build_network = tiny_network
    dataset = few_digits(folder)
    plan = moving_plan(dataset)
    device = choose_device("auto", "float32")
    interrupt(dataset, plan, folder / "stopped")
    results = {
        "device": [device.name, device.address, device.precision],
        "places": places(dataset, plan),
        "whole": outcome(dataset, plan, folder / "whole"),
        "resumed": outcome(dataset, plan, folder / "stopped"),
        "other": outcome(dataset, plan, folder / "other", seed=1),
    }
    for batches in (1, 4, 2):  # in the first epoch, at its end, in the second
        leave(dataset, plan, folder / "left", batches, **EVERYTHING)
    results["left"] = outcome(dataset, plan, folder / "left", **EVERYTHING)
    results["stayed"] = outcome(dataset, plan, folder / "stayed", **EVERYTHING)
    (folder / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
