"""A calibration: the range test, the study's course, and the score over each of the searched values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recognition.calibration.result import Calibration, RangeTest, Trial
from recognition.evaluation.score import in_words
from recognition.pictures.inline import INK, MUTED, TRAIN, VALIDATION, dress, new_figure, to_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = {"complete": "o", "pruned": "x", "diverged": "v"}
SEARCHED = {"learning_rate": "learning rate", "batch_size": "batch size", "epochs": "epochs"}


def calibration_picture(calibration: Calibration) -> bytes:
    """Draw range test and study history above, the score over learning rate, batch size and epochs below; PNG."""
    figure = new_figure(12, 7)
    panels: dict[str, Axes] = figure.subplot_mosaic(
        [["test"] * 3 + ["history"] * 3, [field for field in SEARCHED for _ in range(2)]]
    )
    _draw_range_test(panels["test"], calibration.range_test)
    _draw_history(panels["history"], calibration)
    for field, name in SEARCHED.items():
        _draw_scores(panels[field], calibration, field, name)
    return to_png(figure)


def _draw_range_test(axes: Axes, test: RangeTest) -> None:
    axes.plot(test.rates, test.losses, color=TRAIN, alpha=0.4, linewidth=0.8, label="each step")
    axes.plot(test.rates, test.smoothed, color=TRAIN, linewidth=1.6, label="smoothed")
    label = f"suggested: {test.suggestion:.3g}"
    axes.axvline(test.suggestion, color=MUTED, linestyle="--", linewidth=1, label=label)
    axes.set_xscale("log")
    dress(axes, "range test: loss, nats", "learning rate")


def _draw_history(axes: Axes, calibration: Calibration) -> None:
    """Every trial's score, and the best so far."""
    from matplotlib.ticker import MaxNLocator

    trials = calibration.trials
    complete = [trial for trial in trials if trial.state == "complete"]
    _scatter(axes, [trial.number for trial in trials], trials)
    best = [max(_score(other) for other in complete[: i + 1]) for i in range(len(complete))]
    axes.step([trial.number for trial in complete], best, where="post", color=INK, linewidth=1.2, label="best so far")
    axes.axvline(calibration.best.number, color=MUTED, linestyle="--", linewidth=1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _dress_scores(axes, f"validation {in_words(calibration.metric)}", "trial; the first is the configuration as it was")


def _draw_scores(axes: Axes, calibration: Calibration, field: str, name: str) -> None:
    values = [getattr(trial.choice, field) for trial in calibration.trials]
    _scatter(axes, values, calibration.trials)
    best = getattr(calibration.best.choice, field)
    shown = f"{best:.3g}" if field == "learning_rate" else str(best)
    axes.axvline(best, color=MUTED, linestyle="--", linewidth=1, label=f"best: {shown}")
    if field == "learning_rate":
        axes.set_xscale("log")
    else:
        axes.set_xticks(sorted(set(values)))
    _dress_scores(axes, f"validation {in_words(calibration.metric)}", name)


def _scatter(axes: Axes, values: list[float], trials: tuple[Trial, ...]) -> None:
    """A marker a trial; what never had a score stands at 0."""
    for state, marker in MARKERS.items():
        points = [(x, _score(trial)) for x, trial in zip(values, trials, strict=True) if trial.state == state]
        if points:
            colour = VALIDATION if state == "complete" else MUTED
            across, up = zip(*points, strict=True)
            axes.scatter(across, up, marker=marker, color=colour, s=28, label=state, zorder=3)


def _score(trial: Trial) -> float:
    return trial.score or 0.0


def _dress_scores(axes: Axes, title: str, below: str) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.yaxis.set_major_formatter(PercentFormatter(1))
    dress(axes, title, below)
