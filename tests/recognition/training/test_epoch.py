from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from recognition.evaluation.score import score
from recognition.training import epoch
from recognition.training.epoch import run_epoch
from recognition.training.listener import TrainingListener
from recognition.training.order import epoch_order
from tests.recognition.training.samples import recipe


class Recorder:
    """Takes the place of a learner: remembers what it is given, and always answers 3."""

    learning_rate = 0.0

    def __init__(self, classes):
        self.network, self.steps, self.sizes = self, [], []
        self.output_shape = (None, classes)

    def learn(self, images, labels, weights, seed, size):
        self.steps.append((images, labels, weights, tuple(seed.numpy())))
        self.sizes.append(size)
        return tf.constant(2.0 * len(labels)), tf.constant(0.25 * len(labels))

    def score(self, images, labels):
        return tf.constant(1.5 * len(labels)), tf.fill(len(labels), 3)


def with_train(dataset, **changes):
    return replace(dataset, splits={**dataset.splits, "train": replace(dataset.splits["train"], **changes)})


def recorded(dataset, index=0, metric="accuracy", **changes):
    learner = Recorder(len(dataset.classes))
    return run_epoch(learner, dataset, recipe(batch_size=20, **changes), metric, index, TrainingListener()), learner


def test_images_grow_over_the_whole_training(dataset):
    sizes = [recorded(dataset, index=i, epochs=2, network="fast", sizes={12: 0.3, 16: 0.6})[1].sizes for i in (0, 1)]
    assert sizes == [[12, 12, 12, 16], [16, None, None, None]]


@pytest.mark.parametrize("sampling", ["shuffled", "balanced"])
def test_images_come_in_the_epochs_order_in_whole_batches(dataset, sampling):
    split = dataset.splits["train"]
    _, learner = recorded(dataset, index=2, sampling=sampling)
    order = epoch_order(split.labels, sampling, 0, 2)[:80]
    np.testing.assert_array_equal(np.concatenate([images for images, _, _, _ in learner.steps]), split.images[order])
    np.testing.assert_array_equal(np.concatenate([labels for _, labels, _, _ in learner.steps]), split.labels[order])
    assert len({seed for _, _, _, seed in learner.steps}) == 4


def test_each_image_brings_its_weight(dataset):
    split = dataset.splits["train"]
    weights = np.arange(len(split), dtype=np.float32)
    _, learner = recorded(with_train(dataset, weights=weights))
    order = epoch_order(split.labels, "shuffled", 0, 0)[:80]
    assert np.concatenate([given for _, _, given, _ in learner.steps]).tolist() == weights[order].tolist()


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "macro_f1"])
@pytest.mark.parametrize("size", [500, 50])
def test_numbers_are_means_over_images(dataset, monkeypatch, metric, size):
    monkeypatch.setattr(epoch, "fitting_batch", lambda shape: size)
    labels = dataset.splits["validation"].labels
    record, _ = recorded(dataset, metric=metric)
    assert (record.epoch, record.train_loss, record.train_accuracy, record.validation_loss) == (1, 2.0, 0.25, 1.5)
    assert record.validation_accuracy == pytest.approx((labels == 3).mean())
    assert record.validation_score == score(metric, labels, np.full(len(labels), 3))
