"""Training curves: accuracy, loss, learning rate and time by epoch, the chosen epoch marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recognition.evaluation.score import in_words
from recognition.pictures.inline import INK, MUTED, TRAIN, VALIDATION, dress, new_figure, to_png, to_svg
from recognition.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = {
    "accuracy": "accuracy",
    "loss": "loss, nats",
    "learning rate": "learning rate",
    "time": "seconds per epoch",
}
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


def _draw(axes: Axes, panel: str, history: History) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    for field, colour, label in _lines(panel, history.metric):
        _line(axes, history, field, colour, label)
    chosen = f"chosen: epoch {history.best_epoch}"
    axes.axvline(history.best_epoch, color=MUTED, linestyle="--", linewidth=1, label=chosen)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set_xlim(0.8, len(history.epochs) + 0.2)
    if panel == "accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1))
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


def _line(axes: Axes, history: History, field: str, colour: str, label: str | None) -> None:
    marker = "." if len(history.epochs) <= MARKED else None
    values = [getattr(epoch, field) for epoch in history.epochs]
    axes.plot(
        [epoch.epoch for epoch in history.epochs], values, color=colour, label=label, marker=marker, linewidth=1.6
    )
