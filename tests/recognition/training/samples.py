"""A few digits, a plan for them, and a network that learns them in a moment."""

import keras
import numpy as np

from recognition.augmentation.plan import resolve_plan
from recognition.configuration.sections.augmentation import AugmentationConfig
from recognition.configuration.sections.data import DataConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.sources import read_dataset

RECIPE = {"network": "fast", "epochs": 3, "batch_size": 32, "learning_rate": 0.1, "schedule": "one_cycle"}


def few_digits(folder):
    """96 training images, 144 to validate on."""
    return read_dataset(DataConfig(source="digits", train_limit=96), folder)


def moving_plan(dataset):
    options = {"featurewise_center": True, "featurewise_std_normalization": True}
    moves = {"rotation_range": 10, "width_shift_range": 0.1, "height_shift_range": 0.1}
    return resolve_plan(AugmentationConfig.model_validate(options | moves), dataset.splits["train"])


def tiny_network(name, input_shape, classes):
    """Takes the place of `build_network`: everything that has a state, norm and dropout included."""
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(inputs)
    x = keras.layers.Dropout(0.2)(keras.layers.BatchNormalization(momentum=0.6)(x))
    logits = keras.layers.Dense(classes, dtype="float32")(keras.layers.Flatten()(x))
    return keras.Model(inputs, logits, name="tiny")


def recipe(**changes):
    return TrainConfig.model_validate(RECIPE | changes)


def cross_entropy(logits, labels):
    logits = np.asarray(logits, np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return -np.log(odds[np.arange(len(labels)), labels] / odds.sum(axis=1))
