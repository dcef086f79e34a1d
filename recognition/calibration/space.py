"""What a study chooses from, derived from section `calibrate` and from the range test."""

from __future__ import annotations

from recognition.calibration.result import SearchSpace
from recognition.configuration.sections.calibrate import CalibrateConfig
from recognition.configuration.sections.train import TrainConfig
from recognition.data.dataset import ImageDataset
from recognition.errors import InputError

SPREAD = 4.0  # searched learning rates: from a quarter of the suggestion to four times of it


def batch_sizes(options: CalibrateConfig, config: TrainConfig, images: int) -> tuple[int, ...]:
    """The batch sizes to try, the recipe's own among them.

    Args:
        options: Section `calibrate`.
        config: The recipe.
        images: Number of training images.
    """
    most = images // config.accumulate
    fitting = (size for size in _wanted_sizes(options, config) if size <= most)
    return tuple(sorted({config.batch_size, *fitting}))


def epoch_range(options: CalibrateConfig, config: TrainConfig) -> tuple[int, int]:
    """The fewest and the most epochs to try."""
    return options.epoch_range or (-(-config.epochs // 2), config.epochs)


def search_space(options: CalibrateConfig, config: TrainConfig, images: int, suggestion: float) -> SearchSpace:
    """What a study chooses from: learning rates around the suggestion, and as far as the recipe's own.

    Args:
        options: Section `calibrate`.
        config: The recipe.
        images: Number of training images.
        suggestion: The range test's learning rate.
    """
    rates = (suggestion / SPREAD, suggestion * SPREAD, config.learning_rate)
    return SearchSpace(
        learning_rates=(min(rates), max(rates)),
        batch_sizes=batch_sizes(options, config, images),
        epochs=epoch_range(options, config),
    )


def describe_search(options: CalibrateConfig, config: TrainConfig) -> str:
    """What section `calibrate` asks for, in one line."""
    limit = "" if options.minutes is None else f" or {options.minutes:g} minutes"
    sizes = ", ".join(map(str, sorted({config.batch_size, *_wanted_sizes(options, config)})))
    fewest, most = epoch_range(options, config)
    epochs = "1 epoch" if most == 1 else f"{fewest} to {most} epochs" if fewest < most else f"{most} epochs"
    return f"{options.trials} trials{limit}; batch {sizes}; {epochs}; range test of {options.steps} steps"


def check_search(options: CalibrateConfig, train: TrainConfig, dataset: ImageDataset) -> None:
    """Check that what section `calibrate` asks for fits the recipe and the images.

    Args:
        options: Section `calibrate`.
        train: The recipe.
        dataset: The data that it names.

    Raises:
        InputError: If it does not.
    """
    largest = len(dataset.splits["train"]) // train.accumulate
    fewest, most = epoch_range(options, train)
    if not fewest <= train.epochs <= most:
        raise InputError(
            "calibrate.epoch_range leaves out train.epochs, with which the first trial is trained",
            received=f"calibrate.epoch_range: [{fewest}, {most}], train.epochs: {train.epochs}",
            expected=f"a range that holds {train.epochs}",
            remedy=f"--set 'calibrate.epoch_range=[{min(fewest, train.epochs)}, {max(most, train.epochs)}]'",
        )
    if options.batch_sizes and options.batch_sizes[-1] > largest:
        raise InputError(
            "calibrate.batch_sizes has one that the training split cannot fill",
            received=f"calibrate.batch_sizes: {list(options.batch_sizes)}",
            expected=f"at most {largest}, the number of training images" + _accumulated(train),
            remedy="--set calibrate.batch_sizes=null",
        )


def _wanted_sizes(options: CalibrateConfig, config: TrainConfig) -> tuple[int, ...]:
    return options.batch_sizes or (max(1, config.batch_size // 2), config.batch_size * 2)


def _accumulated(train: TrainConfig) -> str:
    return f" divided by train.accumulate, {train.accumulate}" if train.accumulate > 1 else ""
