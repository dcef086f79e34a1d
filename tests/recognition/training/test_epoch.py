from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from recognition.evaluation.score import score
from recognition.training import epoch
from recognition.training.epoch import run_epoch
from recognition.training.history import EpochProgress
from recognition.training.listener import TrainingListener
from recognition.training.order import epoch_order
from recognition.training.task import Task
from tests.recognition.training.samples import recipe

NOTHING = EpochProgress()


class Recorder:
    """Takes the place of a learner: remembers what it is given, and always answers 3."""

    learning_rate, replicas, gpus = 0.0, 1, 0

    def __init__(self, classes):
        self.network, self.steps, self.sizes, self.complete = self, [], [], []
        self.output_shape = (None, classes)

    def train_step(self, images, labels, weights, seed, size, complete):
        self.steps.append((images, labels, weights, tuple(seed.numpy())))
        self.sizes.append(size)
        self.complete.append(complete)
        return tf.constant(2.0 * len(labels)), tf.constant(0.25 * len(labels))

    def begin(self, epoch):
        self.epoch = epoch

    def averaged(self):
        return nullcontext()

    def score(self, images, labels):
        return tf.constant(1.5 * len(labels)), tf.fill(len(labels), 3)


def with_train(dataset, **changes):
    return replace(dataset, splits={**dataset.splits, "train": replace(dataset.splits["train"], **changes)})


def recorded(dataset, index=0, metric="accuracy", progress=NOTHING, on_step=lambda progress: None, **changes):
    learner, listener, config = Recorder(len(dataset.classes)), TrainingListener(), recipe(batch_size=20, **changes)
    return run_epoch(learner, Task(dataset, None, config, metric), index, listener, progress, on_step), learner


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


def test_an_epoch_goes_on_where_it_was_left(dataset):
    paused = []
    whole, learner = recorded(dataset, on_step=paused.append)
    assert [each.batches for each in paused] == [1, 2, 3]
    rest, later = recorded(dataset, progress=paused[1])
    np.testing.assert_array_equal(later.steps[0][0], learner.steps[2][0])
    assert [step[3] for step in later.steps] == [step[3] for step in learner.steps[2:]]
    assert rest.train_loss == whole.train_loss
    assert rest.train_accuracy == whole.train_accuracy


def test_steps_of_several_batches_are_whole(dataset):
    paused = []
    _, learner = recorded(dataset, on_step=paused.append, accumulate=2)
    assert learner.complete == [False, True, False, True]
    assert [each.batches for each in paused] == [2]
    _, learner = recorded(dataset, accumulate=3)
    assert learner.complete == [False, False, True]


def test_the_use_of_gpus_is_told(dataset, monkeypatch):
    monkeypatch.setattr("recognition.training.epoch.gpu_usage", lambda gpus: {"gpu_memory_peak": 2.0**30 + gpus})
    monkeypatch.setattr(Recorder, "gpus", 2)
    assert recorded(dataset)[0].gpu_memory_peak == 2**30 + 2


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
