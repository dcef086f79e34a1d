"""Trainings on two logical devices, which need a process of their own: python -m tests.…shared_batches FOLDER FEATURE….

As a worker of TF_CONFIG it trains its part of one training.
"""

import json
import sys
from pathlib import Path

import keras
import tensorflow as tf

from recognition.training import learner
from recognition.training.distribution import requested_cluster
from recognition.training.task import Task
from recognition.training.train import train
from tests.recognition.training.samples import few_digits, moving_plan, recipe

FEATURES = {
    "plain": {},
    "accumulated": {"batch_size": 16, "accumulate": 2},
    "clipped": {"clip_norm": 0.05},
    "averaged": {"ema": 0.8},
    "muon": {"optimizer": "muon", "learning_rate": 0.05},
    "adam": {"optimizer": "adam", "learning_rate": 3e-3},
    "half precision": {"precision": "mixed_float16", "clip_norm": 1.0},
    "bfloat16": {"precision": "mixed_bfloat16", "clip_norm": 1.0},
    "all": {"batch_size": 16, "accumulate": 2, "clip_norm": 0.5, "ema": 0.8, "optimizer": "muon"},
}


def network_without_dropout(name, input_shape, classes):
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(inputs)
    x = keras.layers.BatchNormalization(momentum=0.6)(x)
    logits = keras.layers.Dense(classes, dtype="float32")(keras.layers.Flatten()(x))
    return keras.Model(inputs, logits, name="tiny")


def curve(dataset, plan, folder, **changes):
    config = recipe(**{"precision": "float32", **changes})  # whatever suits the processor
    history = train(Task(dataset, plan, config, "accuracy"), folder).history
    return [(epoch.train_loss, epoch.validation_loss) for epoch in history.epochs]


def main(folder, features):
    learner.build_network = network_without_dropout
    dataset = few_digits(folder)
    plan = moving_plan(dataset)
    if (cluster := requested_cluster()) is not None:
        folders = {name: folder / f"{name} workers" for name in features}
        results = {name: curve(dataset, plan, folders[name], epochs=2, **FEATURES[name]) for name in features}
        (folder / f"worker-{cluster[1]}.json").write_text(json.dumps(results))
        return
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    results = {
        name: {
            strategy: curve(dataset, plan, folder / f"{name} {strategy}", epochs=2, strategy=strategy, **feature)
            for strategy in ("single", "mirrored")
        }
        for name, feature in FEATURES.items()
        if name in features
    }
    (folder / "results.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
