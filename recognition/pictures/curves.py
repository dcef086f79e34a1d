"""Training curves by epoch, the chosen epoch marked: those of a run, or those of several over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recognition.evaluation.score import in_words
from recognition.pictures.inline import INK, MUTED, RUNS, TRAIN, VALIDATION, dress, new_figure, to_png, to_svg
from recognition.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = {
    "accuracy": "accuracy",
    "loss": "loss, nats",
    "learning rate": "learning rate",
    "time": "seconds per epoch",
}
COMPARED = {
    "validation_accuracy": "validation accuracy",
    "validation_score": "",  # where all runs were judged by another metric
    "validation_loss": "validation loss, nats",
    "train_loss": "training loss, nats",
    "learning_rate": "learning rate",
}
DASHES = ("-", (0, (5, 2)), (0, (2, 2)), (0, (6, 2, 1, 2)), (0, (1, 2.5)), (0, (7, 2, 2, 2, 2, 2)))  # of each run
MARKED = 30  # epochs up to which each one gets a dot; a single epoch would be invisible without


def curves_picture(history: History) -> bytes:
    """Draw accuracy, loss, learning rate and time, two by two, PNG; another metric in charge beside accuracy."""
    figure = new_figure(10, 6.8)
    for axes, panel in zip(figure.subplots(2, 2).flat, PANELS, strict=True):
        _draw(axes, panel, history)
    return to_png(figure)


def curves_svg(history: History) -> str:
    """Draw accuracy, loss, learning rate and time as four inline SVG elements, in the colours of the page.

    The same history gives the same text.
    """
    return "\n".join(_panel_svg(panel, history) for panel in PANELS)


def _panel_svg(panel: str, history: History) -> str:
    figure = new_figure(5, 3.2)
    _draw(figure.subplots(), panel, history)
    return to_svg(figure, panel.replace(" ", "-"), f"{panel.capitalize()} by epoch")


def comparison_svg(histories: Sequence[History]) -> str:
    """Draw a line a run, in the colours of RUNS: accuracy, another metric that all share, losses and learning rate.

    Args:
        histories: As many as RUNS at most.

    Returns:
        Inline SVG elements; the same histories give the same text.
    """
    metrics = {history.metric for history in histories}
    other = in_words(metrics.pop()) if len(metrics) == 1 and metrics != {"accuracy"} else None
    panels = COMPARED | {"validation_score": other and f"validation {other}"}
    return "\n".join(_compared_svg(field, title, histories) for field, title in panels.items() if title)


def _compared_svg(field: str, title: str, histories: Sequence[History]) -> str:
    figure = new_figure(5, 3.2)
    axes = figure.subplots()
    for history, colour, dashes in zip(histories, RUNS, DASHES, strict=False):
        _line(axes, history, field, colour, None, dashes, "o", [history.best_epoch - 1])
    _scale(
        axes, max(len(history.epochs) for history in histories), field in ("validation_accuracy", "validation_score")
    )
    dress(axes, title, "epoch", None)
    return to_svg(figure, f"compared-{field}", f"{title.capitalize()} by epoch, one line a run")


def _draw(axes: Axes, panel: str, history: History) -> None:
    marker = "." if len(history.epochs) <= MARKED else None
    for field, colour, label in _lines(panel, history.metric):
        _line(axes, history, field, colour, label, marker=marker)
    chosen = f"chosen: epoch {history.best_epoch}"
    axes.axvline(history.best_epoch, color=MUTED, linestyle="--", linewidth=1, label=chosen)
    _scale(axes, len(history.epochs), panel == "accuracy")
    if panel == "time":
        axes.set_ylim(bottom=0)
    dress(axes, PANELS[panel], "epoch")


def _lines(panel: str, metric: str) -> list[tuple[str, str, str | None]]:
    """Field, colour and label of each line of a panel."""
    if panel in ("learning rate", "time"):
        return [("learning_rate" if panel == "learning rate" else "seconds", INK, None)]
    lines: list[tuple[str, str, str | None]] = [
        (f"train_{panel}", TRAIN, "train"),
        (f"validation_{panel}", VALIDATION, "validation"),
    ]
    if panel == "accuracy" and metric != "accuracy":
        lines.append(("validation_score", INK, f"validation {in_words(metric)}"))
    return lines


def _line(
    axes: Axes,
    history: History,
    field: str,
    colour: str,
    label: str | None,
    dashes: Any = "-",
    marker: str | None = None,
    marked: list[int] | None = None,
) -> None:
    epochs, values = zip(*((epoch.epoch, getattr(epoch, field)) for epoch in history.epochs), strict=True)
    look = {"color": colour, "label": label, "linestyle": dashes, "linewidth": 1.6}
    axes.plot(epochs, values, marker=marker, markevery=marked, markerfacecolor="none" if marked else colour, **look)


def _scale(axes: Axes, epochs: int, share: bool) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set_xlim(0.8, epochs + 0.2)
    if share:
        axes.yaxis.set_major_formatter(PercentFormatter(1))
