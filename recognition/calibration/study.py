"""The study: trials chosen by Optuna, given up where others did better, kept in a file from which it goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from recognition.calibration.result import Choice, SearchSpace, Trial
from recognition.configuration.sections.calibrate import CalibrateConfig
from recognition.errors import TrainingError
from recognition.training.history import Epoch
from recognition.training.listener import TrainingListener

NAME, FILE = "calibration", "study.db"
RANDOM_TRIALS = 4  # before the sampler learns from what it has seen
COMPLETE_TRIALS = 3  # before one is given up
RUNGS = (0.5, 0.75)  # shares of its epochs after which it is compared: earlier, schedules say too little
EPOCHS = "epochs"  # what a trial keeps: score, loss and seconds of each epoch
DIVERGED = "diverged"  # why a trial ended that failed
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)

Attempt = Callable[[Choice, Path, TrainingListener], object]


@dataclass(frozen=True)
class _Study:
    """A study and the storage that it lies in."""

    study: optuna.Study
    storage: optuna.storages.RDBStorage

    def ended(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=ENDED)

    def interrupted(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def open(self, trial: FrozenTrial) -> optuna.Trial:
        """Go on with a trial that an interruption has left running."""
        study_id = self.storage.get_study_id_from_name(NAME)
        return optuna.Trial(self.study, self.storage.get_trial_id_from_study_id_trial_number(study_id, trial.number))


def run_study(
    space: SearchSpace,
    first: Sequence[Choice],
    options: CalibrateConfig,
    folder: Path,
    attempt: Attempt,
    listener: TrainingListener,
) -> tuple[Trial, ...]:
    """Train with one choice after the other and tell what each reached; an interrupted study goes on.

    Choices come from the tree-structured Parzen estimator (J. Bergstra et al., "Algorithms for hyper-parameter
    optimization", 2011). A trial is given up when, at half or three quarters of its epochs, its score is below the
    median of what those before it had then (D. Golovin et al., "Google Vizier", 2017). The choice of each trial is a
    function of the seed and of the trials before it.

    Args:
        space: What to choose from.
        first: The choices to begin with.
        options: How many trials, how long, and the seed.
        folder: Where the study's file and the checkpoints of its running trial lie.
        attempt: Trains with a choice, with checkpoints in a folder, and tells a listener of each epoch.
        listener: Hears of every training.

    Returns:
        The trials that ended, in their order.

    Raises:
        TrainingError: If no trial was trained to its end.
    """
    with _opened(folder) as opened:
        while _goes_on(opened, options):
            trial = _next_trial(opened, first, options.sampler_seed)
            choice = _choose(trial, space)
            listener.log(f"trial {trial.number + 1} of {options.trials}: {choice.in_words()}")
            _run(opened.study, trial, choice, folder / f"trial-{trial.number + 1}", attempt, listener)
            listener.log(_told(opened.ended()[-1]))
        trials = opened.ended()
    if not any(trial.state == TrialState.COMPLETE for trial in trials):
        raise TrainingError(
            "no trial was trained to its end",
            received=f"{len(trials)} trials, of which the last diverged at {_choice(trials[-1]).in_words()}",
            remedy="start from a lower train.learning_rate, or allow more calibrate.trials",
        )
    return tuple(_record(trial) for trial in trials)


class _Pruning(TrainingListener):
    """Writes down what a trial reaches, and gives it up where others did better.

    Args:
        trial: The trial.
        epochs: Number of its epochs.
        listener: Hears everything too.
    """

    def __init__(self, trial: optuna.Trial, epochs: int, listener: TrainingListener) -> None:
        self._trial, self._epochs, self._listener = trial, epochs, listener

    def log(self, text: str) -> None:
        """Hand on a sentence."""
        self._listener.log(text)

    def on_step(self, images: int, total: int, images_per_second: float) -> None:
        """Hand on a step."""
        self._listener.on_step(images, total, images_per_second)

    def should_stop(self) -> bool:
        """Hand on a request to stop; the trial then goes on with the study."""
        return self._listener.should_stop()

    def on_epoch(self, epoch: Epoch) -> None:
        """Compare the trial with others at the same share of their epochs, as their schedules differ in length."""
        self._listener.on_epoch(epoch)
        before = self._trial.user_attrs.get(EPOCHS, [])[: epoch.epoch - 1]  # a repeated one takes its own place
        epochs = [*before, [epoch.validation_score, epoch.validation_loss, epoch.seconds]]
        self._trial.set_user_attr(EPOCHS, epochs)
        passed, now = len(before) / self._epochs, len(epochs) / self._epochs
        if now >= 1:
            return
        shares = np.arange(len(epochs) + 1) / self._epochs
        for rung, share in enumerate(RUNGS):
            if passed < share <= now:
                self._trial.report(float(np.interp(share, shares, [0.0, *(score for score, *_ in epochs)])), rung)
        if now >= RUNGS[0] and self._trial.should_prune():
            raise optuna.TrialPruned


@contextmanager
def _opened(folder: Path) -> Iterator[_Study]:
    """The study in a folder, new where there is none; its database is JSON and numbers, never pickled objects."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = optuna.storages.RDBStorage(f"sqlite:///{folder / FILE}")
    pruner = optuna.pruners.MedianPruner(n_startup_trials=COMPLETE_TRIALS)
    try:
        study = optuna.create_study(
            storage=storage, pruner=pruner, study_name=NAME, direction="maximize", load_if_exists=True
        )
        yield _Study(study, storage)
    finally:
        storage.remove_session()
        storage.engine.dispose()


def _goes_on(opened: _Study, options: CalibrateConfig) -> bool:
    """Whether there is time for another trial; one that was begun is always ended."""
    ended = opened.ended()
    if opened.interrupted() or not ended:
        return True
    seconds = sum(map(_seconds, ended))
    in_time = options.minutes is None or seconds < options.minutes * 60
    return len(ended) < options.trials and in_time


def _next_trial(opened: _Study, first: Sequence[Choice], seed: int) -> optuna.Trial:
    """The trial that was interrupted, or a new one."""
    number = len(opened.ended())
    opened.study.sampler = optuna.samplers.TPESampler(
        seed=int(np.random.SeedSequence([seed, number]).generate_state(1)[0]), n_startup_trials=RANDOM_TRIALS
    )
    if interrupted := opened.interrupted():
        return opened.open(interrupted[0])
    if number < len(first):
        opened.study.enqueue_trial(first[number].model_dump(), skip_if_exists=True)
    return opened.study.ask()


def _choose(trial: optuna.Trial, space: SearchSpace) -> Choice:
    return Choice(
        learning_rate=trial.suggest_float("learning_rate", *space.learning_rates, log=True),
        batch_size=int(trial.suggest_categorical("batch_size", space.batch_sizes)),
        epochs=trial.suggest_int("epochs", *space.epochs),
    )


def _run(
    study: optuna.Study, trial: optuna.Trial, choice: Choice, folder: Path, attempt: Attempt, listener: TrainingListener
) -> None:
    """Train, and write down how it ended; what interrupts leaves the trial and its checkpoints as they are."""
    try:
        attempt(choice, folder, _Pruning(trial, choice.epochs, listener))
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except TrainingError as error:
        trial.set_user_attr(DIVERGED, error.problem)
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, max(score for score, *_ in trial.user_attrs[EPOCHS]))
    shutil.rmtree(folder, ignore_errors=True)


def _choice(trial: FrozenTrial) -> Choice:
    return Choice.model_validate(trial.params)


def _seconds(trial: FrozenTrial) -> float:
    return float(sum(seconds for *_, seconds in trial.user_attrs.get(EPOCHS, [])))


def _record(trial: FrozenTrial) -> Trial:
    epochs = trial.user_attrs.get(EPOCHS, [])
    score, loss = max(((score, -loss) for score, loss, _ in epochs), default=(None, None))
    return Trial(
        number=trial.number + 1,
        choice=_choice(trial),
        state="diverged"
        if DIVERGED in trial.user_attrs
        else "pruned"
        if trial.state == TrialState.PRUNED
        else "complete",
        score=score,
        loss=None if loss is None else -loss,
        seconds=_seconds(trial),
    )


def _told(trial: FrozenTrial) -> str:
    record = _record(trial)
    score = "" if record.score is None else f", {record.score:.2%}"
    reason = f": {trial.user_attrs[DIVERGED]}" if DIVERGED in trial.user_attrs else ""
    return f"trial {record.number} {record.state}{score}{reason}"
