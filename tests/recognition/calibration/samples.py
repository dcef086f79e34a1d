"""Calibrations, made up."""

from recognition.calibration.result import Calibration, Choice, RangeTest, SearchSpace, Trial
from recognition.training.history import Epoch

SPACE = SearchSpace(learning_rates=(0.01, 1.0), batch_sizes=(16, 32, 64), epochs=(2, 4))
OWN = Choice(learning_rate=0.1, batch_size=32, epochs=4)


def epoch_of(number, score, loss=1.0, seconds=1.0):
    return Epoch(
        epoch=number,
        train_loss=loss,
        train_accuracy=score,
        validation_loss=loss,
        validation_accuracy=score,
        validation_score=score,
        learning_rate=0.1,
        seconds=seconds,
        images_per_second=100,
    )


def trial_of(number, score, state="complete", loss=1.0, **choice):
    return Trial(number=number, choice=OWN.model_copy(update=choice), state=state, score=score, loss=loss, seconds=62.5)


def calibration_of(*trials, metric="accuracy"):
    return Calibration(
        metric=metric,
        validation=2500,
        hardware="2 CPU cores",
        range_test=RangeTest(
            rates=(0.001, 0.01, 0.1, 1.0),
            losses=(2.3, 2.0, 1.0, 3.0),
            smoothed=(2.3, 2.1, 1.5, 2.0),
            suggestion=0.033,
            diverged=False,
        ),
        space=SPACE,
        trials=trials
        or (
            trial_of(1, 0.5),
            trial_of(2, 0.64, learning_rate=0.3, batch_size=64, epochs=3),
            trial_of(3, 0.2, "pruned", learning_rate=0.011),
            trial_of(4, None, "diverged", loss=None, learning_rate=0.9, batch_size=16),
        ),
    )
