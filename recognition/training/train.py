"""The training loop, to be read from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recognition.augmentation.plan import AugmentationPlan
from recognition.configuration.schema import TrainConfig
from recognition.data.dataset import ImageDataset, Split
from recognition.errors import TrainingError
from recognition.networks import build_network, initialize_network
from recognition.training.checkpoint import Arrays, Checkpoint, load_checkpoint, save_checkpoint
from recognition.training.device import Device, choose_device
from recognition.training.history import Epoch, History
from recognition.training.listener import TrainingListener
from recognition.training.optimization import build_optimizer, learning_rate
from recognition.training.order import epoch_order

if TYPE_CHECKING:
    import keras

VALIDATION_BATCH = 500  # images; any size gives the same scores
DIVERGED = 10.0  # times the loss of guessing, at which a training is given up

TrainStep = Callable[[Any, Any, Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        model: Raw uint8 images in, probabilities out; the weights of the best epoch, uncompiled, built-in layers only.
        history: How it came about.
    """

    model: keras.Model
    history: History


def train(
    dataset: ImageDataset,
    plan: AugmentationPlan,
    config: TrainConfig,
    checkpoints: Path,
    listener: TrainingListener | None = None,
) -> Trained:
    """Train a network and keep the epoch that validates best.

    A checkpoint is written after each epoch; a training that finds one in `checkpoints` goes on from it. Data order
    and augmentation are functions of (seed, epoch, step); dropout's state lies in the checkpoint.

    Args:
        dataset: Its train split is learned, its validation split chooses the epoch; test is not read.
        plan: Augmentation and normalization.
        config: The recipe.
        checkpoints: Folder of this very training: same data, plan, recipe and code.
        listener: Hears of every step and epoch.

    Raises:
        InputError: If a requested GPU is missing.
        TrainingError: If the loss is not finite or diverges.
    """
    listener = listener or TrainingListener()
    device = choose_device(config.device, config.precision)
    listener.say(f"training on {device.name} ({device.reason})")
    run = _Run(dataset, plan, config, device)
    epochs, best_epoch, best = run.restore(load_checkpoint(checkpoints))
    resumed_from = len(epochs) or None
    if resumed_from:
        listener.say(f"resuming after epoch {resumed_from} of {config.epochs} from its checkpoint")
    for index in range(len(epochs), config.epochs):
        epochs = (*epochs, run.epoch(index, listener))
        listener.on_epoch(epochs[-1])
        if _better(epochs[-1], epochs[best_epoch - 1]):
            best_epoch, best = len(epochs), run.weights()
        save_checkpoint(checkpoints, Checkpoint({**run.state(), "best": best}, epochs, best_epoch))
    run.load_weights(best)
    seconds = sum(epoch.seconds for epoch in epochs)
    history = History(
        network=config.network,
        parameters=run.network.count_params(),
        device=device.name,
        precision=device.precision,
        seed=config.seed,
        resumed_from=resumed_from,
        best_epoch=best_epoch,
        seconds=seconds,
        images_per_second=run.images_per_epoch * len(epochs) / seconds,
        epochs=epochs,
    )
    return Trained(inference_model(run.network, plan), history)


def inference_model(network: keras.Model, plan: AugmentationPlan) -> keras.Model:
    """A network with its preprocessing in front and softmax behind.

    Returns:
        A model: uint8 (n, height, width, channels) in, float32 probabilities (n, classes) out.
    """
    import keras

    from recognition.augmentation.preprocessing import preprocess

    images = keras.Input(plan.image_shape, dtype="uint8", name="images")
    logits = network(preprocess(images, plan))
    return keras.Model(images, keras.layers.Softmax(dtype="float32", name="probabilities")(logits), name=network.name)


class _Run:
    """A network in training: everything that a step needs, built once."""

    def __init__(self, dataset: ImageDataset, plan: AugmentationPlan, config: TrainConfig, device: Device) -> None:
        import keras
        import tensorflow as tf

        from recognition.augmentation.preprocessing import build_preprocessing

        self.dataset, self.plan, self.config, self.device = dataset, plan, config, device
        self.train_split = dataset.splits["train"]
        self.steps_per_epoch = len(self.train_split) // config.batch_size
        self.images_per_epoch = self.steps_per_epoch * config.batch_size
        keras.utils.set_random_seed(config.seed)
        if config.deterministic:
            tf.config.experimental.enable_op_determinism()
        with tf.device(device.address), _dtype_policy(device.precision):
            self.preprocessing = build_preprocessing(plan)
            self.network = build_network(config.network, plan.image_shape, len(dataset.classes))
            initialize_network(self.network, self.preprocessing, self.train_split.images)
            self.optimizer = build_optimizer(config, device.precision)
            self.optimizer.build(self.network.trainable_variables)
        self.train_step = _train_step(self)
        self.score_step = _score_step(self)

    def weights(self) -> Arrays:
        return [np.array(variable.numpy()) for variable in self.network.variables]

    def load_weights(self, arrays: Arrays) -> None:
        _assign(self.network.variables, arrays)

    def state(self) -> dict[str, Arrays]:
        optimizer = [np.array(variable.numpy()) for variable in self.optimizer.variables]
        return {"network": self.weights(), "optimizer": optimizer}

    def restore(self, checkpoint: Checkpoint | None) -> tuple[tuple[Epoch, ...], int, Arrays]:
        if checkpoint is None:
            return (), 1, self.weights()
        self.load_weights(checkpoint.arrays["network"])
        _assign(self.optimizer.variables, checkpoint.arrays["optimizer"])
        return checkpoint.epochs, checkpoint.best_epoch, checkpoint.arrays["best"]

    def epoch(self, index: int, listener: TrainingListener) -> Epoch:
        start = time.perf_counter()
        loss, accuracy = self._learn(index, start, listener)
        learned = time.perf_counter() - start
        validation_loss, validation_accuracy = _score(self.score_step, self.dataset.splits["validation"])
        return Epoch(
            epoch=index + 1,
            train_loss=loss,
            train_accuracy=accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            learning_rate=float(self.optimizer.learning_rate.numpy()),
            seconds=time.perf_counter() - start,
            images_per_second=self.images_per_epoch / learned,
        )

    def _learn(self, index: int, start: float, listener: TrainingListener) -> tuple[float, float]:
        """One pass over the training images; mean loss and accuracy as the steps saw them."""
        from recognition.augmentation.transform import step_seed

        config, steps, losses, hits = self.config, self.steps_per_epoch, 0.0, 0.0
        order = epoch_order(len(self.train_split), config.seed, index)
        for step in range(steps):
            self.optimizer.learning_rate = learning_rate(config, index * steps + step, config.epochs * steps)
            batch = order[step * config.batch_size : (step + 1) * config.batch_size]
            loss, hit = self.train_step(
                self.train_split.images[batch], self.train_split.labels[batch], step_seed(config.seed, index, step)
            )
            losses, hits = losses + float(loss), hits + float(hit)
            self._check(float(loss), index)
            seen = (step + 1) * config.batch_size
            speed = seen / (time.perf_counter() - start)
            listener.on_step(index * self.images_per_epoch + seen, config.epochs * self.images_per_epoch, speed)
        return losses / steps, hits / self.images_per_epoch

    def _check(self, loss: float, index: int) -> None:
        limit = DIVERGED * np.log(max(2, len(self.dataset.classes)))
        if np.isfinite(loss) and loss < limit:
            return
        rate = float(self.optimizer.learning_rate.numpy())
        raise TrainingError(
            f"training diverged in epoch {index + 1} at a learning rate of {rate:.3g}",
            received=f"a loss of {loss:.4g}",
            expected=f"a finite loss below {limit:.3g}",
            remedy="try a learning rate three times lower, a longer warmup, or precision float32",
        )


def _train_step(run: _Run) -> TrainStep:
    """Uint8 images, int labels and a seed in; mean negative log-likelihood and number of hits out."""
    import tensorflow as tf

    from recognition.augmentation.transform import augment

    smoothing, classes = run.config.label_smoothing, len(run.dataset.classes)

    @tf.function
    def step(images: Any, labels: Any, seed: Any) -> tuple[Any, Any]:
        inputs = run.preprocessing(augment(images, run.plan, seed))
        with tf.GradientTape() as tape:
            logits = run.network(inputs, training=True)
            targets = tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
            scaled = run.optimizer.scale_loss(loss)
        variables = run.network.trainable_variables
        run.optimizer.apply(tape.gradient(scaled, variables), variables)
        return _likelihood_and_hits(tf.reduce_mean, labels, logits)

    return step


def _score_step(run: _Run) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Uint8 images and int labels in; summed negative log-likelihood and number of hits out."""
    import tensorflow as tf

    @tf.function
    def step(images: Any, labels: Any) -> tuple[Any, Any]:
        logits = run.network(run.preprocessing(tf.cast(images, tf.float32)), training=False)
        return _likelihood_and_hits(tf.reduce_sum, labels, logits)

    return step


def _likelihood_and_hits(reduce: Callable[[Any], Any], labels: Any, logits: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    loss = reduce(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    hits = tf.reduce_sum(tf.cast(tf.argmax(logits, axis=1, output_type=labels.dtype) == labels, tf.float32))
    return loss, hits


def _score(score_step: Callable[[Any, Any], tuple[Any, Any]], split: Split) -> tuple[float, float]:
    loss = hits = 0.0
    for start in range(0, len(split), VALIDATION_BATCH):
        stop = start + VALIDATION_BATCH
        batch_loss, batch_hits = score_step(split.images[start:stop], split.labels[start:stop])
        loss, hits = loss + float(batch_loss), hits + float(batch_hits)
    return loss / len(split), hits / len(split)


def _better(epoch: Epoch, best: Epoch) -> bool:
    """Higher validation accuracy wins, lower validation loss breaks ties."""
    return (epoch.validation_accuracy, -epoch.validation_loss) >= (best.validation_accuracy, -best.validation_loss)


def _assign(variables: list[Any], arrays: Arrays) -> None:
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


@contextmanager
def _dtype_policy(name: str) -> Iterator[None]:
    """Build layers under a dtype policy."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
