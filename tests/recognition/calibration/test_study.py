import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from recognition.calibration.result import Choice, SearchSpace
from recognition.calibration.study import run_study
from recognition.configuration.sections.calibrate import CalibrateConfig
from recognition.errors import TrainingError
from recognition.training.listener import TrainingListener
from tests.recognition.calibration.samples import OWN, SPACE, epoch_of


class Trainings:
    """Takes the place of trainings: a score that grows with each epoch and depends on the choice."""

    def __init__(self, score=lambda choice: 1 / (1 + abs(choice.learning_rate - 0.3)), interrupt_at=None):
        self.seen, self._score, self._interrupt_at = [], score, interrupt_at

    def __call__(self, choice, checkpoints, listener):
        self.seen.append(choice)
        checkpoints.mkdir(exist_ok=True)
        done = len(list(checkpoints.iterdir()))
        for number in range(done + 1, choice.epochs + 1):
            share = number / choice.epochs
            listener.on_epoch(epoch_of(number, self._score(choice) * share, loss=2 - share))
            (checkpoints / str(number)).touch()
            if (len(self.seen), number) == self._interrupt_at:
                raise KeyboardInterrupt


def search(folder, attempt, space=SPACE, first=(OWN,), **options):
    folder.mkdir(exist_ok=True)
    return run_study(space, first, CalibrateConfig.model_validate(options), folder, attempt, TrainingListener())


def test_the_first_trials_are_those_that_were_asked_for(tmp_path):
    other = OWN.model_copy(update={"learning_rate": 0.5})
    trials = search(tmp_path, Trainings(), first=(OWN, other), trials=3)
    assert [trial.choice for trial in trials[:2]] == [OWN, other]
    assert [trial.number for trial in trials] == [1, 2, 3]


def test_every_choice_comes_from_the_space(whole):
    for trial in whole:
        low, high = SPACE.learning_rates
        assert low <= trial.choice.learning_rate <= high
        assert trial.choice.batch_size in SPACE.batch_sizes
        assert SPACE.epochs[0] <= trial.choice.epochs <= SPACE.epochs[1]


def test_a_trial_is_remembered_by_its_best_epoch(tmp_path):
    def attempt(choice, checkpoints, listener):
        for number, (score, loss) in enumerate([(0.3, 1), (0.6, 3), (0.6, 2), (0.5, 1)], 1):
            listener.on_epoch(epoch_of(number, score, loss, seconds=2.5))

    [trial] = search(tmp_path, attempt, trials=1)
    assert (trial.state, trial.score, trial.loss, trial.seconds) == ("complete", 0.6, 2, 10)


def test_a_study_finds_a_better_learning_rate(tmp_path):
    trials = search(tmp_path, Trainings(), trials=12)
    best = max(trials, key=lambda trial: trial.score)
    assert best.score > trials[0].score
    assert abs(best.choice.learning_rate - 0.3) < 0.1


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A study of six trials that nothing interrupted."""
    return search(tmp_path_factory.mktemp("whole"), Trainings(), trials=6)


@pytest.mark.parametrize("where", [(1, 1), (5, 2)])
def test_an_interrupted_study_goes_on_as_if_nothing_had_happened(tmp_path, whole, where):
    interrupted, rest = Trainings(interrupt_at=where), Trainings()
    with pytest.raises(KeyboardInterrupt):
        search(tmp_path / "parts", interrupted, trials=6)
    assert search(tmp_path / "parts", rest, trials=6) == whole
    assert interrupted.seen[-1] == rest.seen[0]
    assert [*interrupted.seen, *rest.seen[1:]] == [trial.choice for trial in whole]


def test_a_finished_study_trains_nothing_again(tmp_path):
    trials = search(tmp_path, Trainings(), trials=4)
    again = Trainings()
    assert search(tmp_path, again, trials=4) == trials
    assert again.seen == []


def test_another_seed_tries_other_values(tmp_path, whole):
    other = search(tmp_path, Trainings(), trials=2, sampler_seed=1)
    assert other[1].choice != whole[1].choice


def test_trials_that_do_badly_are_given_up_early(tmp_path):
    calls = iter(range(99))

    def attempt(choice, checkpoints, listener):
        good = next(calls) < 4
        for number in range(1, choice.epochs + 1):
            listener.on_epoch(epoch_of(number, 0.5 if good else 0.1))
        assert good, "a bad trial was trained to its end"

    trials = search(tmp_path, attempt, trials=7)
    assert [trial.state for trial in trials] == ["complete"] * 4 + ["pruned"] * 3
    assert all(trial.score == 0.1 and trial.seconds < trial.choice.epochs for trial in trials[4:])


def test_trials_are_compared_at_the_same_share_of_their_epochs(tmp_path):
    """Short trainings that stand at 0.5 after half of their epochs are as good as long ones that do."""
    space = SearchSpace(learning_rates=(0.1, 0.2), batch_sizes=(32,), epochs=(2, 12))
    first = [Choice(learning_rate=0.1, batch_size=32, epochs=epochs) for epochs in (12, 8, 4, 2, 3, 5)]
    trials = search(tmp_path, Trainings(lambda choice: 1.0), space, first, trials=6)
    assert [trial.state for trial in trials] == ["complete"] * 6


def test_a_trial_that_diverges_ends_itself_only(tmp_path):
    def attempt(choice, checkpoints, listener):
        if choice == OWN:
            raise TrainingError("training diverged")
        listener.on_epoch(epoch_of(choice.epochs, 0.5))

    trials = search(tmp_path, attempt, trials=3)
    assert [trial.state for trial in trials] == ["diverged", "complete", "complete"]
    assert trials[0].score is None


def test_a_study_without_a_finished_trial_is_an_error(tmp_path):
    def attempt(choice, checkpoints, listener):
        raise TrainingError("training diverged")

    with pytest.raises(TrainingError, match="no trial"):
        search(tmp_path, attempt, trials=2)


def test_no_trial_begins_when_the_time_is_over(tmp_path):
    trials = search(tmp_path, Trainings(), trials=50, minutes=0.1)  # one second an epoch
    assert sum(trial.seconds for trial in trials) >= 6
    assert sum(trial.seconds for trial in trials[:-1]) < 6


def test_what_a_trial_left_is_removed(tmp_path):
    search(tmp_path, Trainings(), trials=3)
    assert [path.name for path in tmp_path.iterdir()] == ["study.db"]


def test_the_file_holds_text_and_numbers_only(tmp_path):
    search(tmp_path, Trainings(), trials=2)
    with closing(sqlite3.connect(tmp_path / "study.db")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        cells = [cell for name in tables for row in connection.execute(f'SELECT * FROM "{name}"') for cell in row]
    assert len(cells) > 50
    assert not [cell for cell in cells if isinstance(cell, bytes)]


def test_only_the_study_needs_optuna():
    modules = "recognition.calibration.space, recognition.calibration.recipe, recognition.pictures.calibration"
    code = f"import sys, {modules}; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
