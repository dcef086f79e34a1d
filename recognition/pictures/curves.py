"""Training curves: loss, accuracy and learning rate by epoch, the best epoch marked."""

from __future__ import annotations

import re
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from recognition.evaluation.score import in_words
from recognition.training.history import Epoch, History

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = ("loss", "accuracy", "learning rate")
INK, TRAIN, VALIDATION, BEST = "#1b2230", "#b45309", "#1d4ed8", "#5b6472"
VARIABLES = {INK: "--ink", TRAIN: "--train", VALIDATION: "--validation", BEST: "--muted"}
MARKED = 30  # epochs up to which each one gets a dot; a single epoch would be invisible without


def curves_picture(history: History) -> bytes:
    """Draw loss, accuracy and learning rate side by side, PNG; another metric in charge beside accuracy."""
    figure = _figure(12, 3.6)
    for axes, panel in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        _draw(axes, panel, history)
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def curves_svg(history: History) -> str:
    """Draw loss, accuracy and learning rate as three inline SVG elements, without any reference to the outside.

    Colours are the CSS variables --ink, --train, --validation and --muted where a page defines them. The same history
    gives the same text.
    """
    return "\n".join(_panel_svg(panel, history) for panel in PANELS)


def _panel_svg(panel: str, history: History) -> str:
    import matplotlib

    figure = _figure(4.4, 3.3)
    _draw(figure.subplots(), panel, history)
    buffer = StringIO()
    with matplotlib.rc_context({"svg.hashsalt": panel, "svg.fonttype": "none"}):
        no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata)
    return _inline(buffer.getvalue(), panel)


def _inline(svg: str, panel: str) -> str:
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<defs>\s*<style.*?</defs>", "", svg, flags=re.DOTALL)  # its rule would reach the whole page
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable}, {colour})")
    # matplotlib names the parts of each figure alike, and a page may hold an id only once
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{panel.replace(' ', '-')}-", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{panel.capitalize()} by epoch" ', 1)


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _draw(axes: Axes, panel: str, history: History) -> None:
    from matplotlib.ticker import MaxNLocator

    for field, colour, label in _lines(panel, history.metric):
        _line(axes, history, field, colour, label)
    axes.axvline(history.best_epoch, color=BEST, linestyle="--", linewidth=1, label=f"best: epoch {history.best_epoch}")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
    axes.set_xlim(0.8, len(history.epochs) + 0.2)
    _dress(axes, panel)


def _lines(panel: str, metric: str) -> list[tuple[str, str, str | None]]:
    """Field, colour and label of each line of a panel."""
    if panel == "learning rate":
        return [("learning_rate", INK, None)]
    lines: list[tuple[str, str, str | None]] = [
        (f"train_{panel}", TRAIN, "train"),
        (f"validation_{panel}", VALIDATION, "validation"),
    ]
    if panel == "accuracy" and metric != "accuracy":
        lines.append(("validation_score", INK, f"validation {in_words(metric)}"))
    return lines


def _line(axes: Axes, history: History, field: str, colour: str, label: str | None) -> None:
    epochs: tuple[Epoch, ...] = history.epochs
    marker = "." if len(epochs) <= MARKED else None
    values = [getattr(epoch, field) for epoch in epochs]
    axes.plot([epoch.epoch for epoch in epochs], values, color=colour, label=label, marker=marker, linewidth=1.6)


def _dress(axes: Axes, panel: str) -> None:
    from matplotlib.ticker import PercentFormatter

    if panel == "accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_title("loss, nats" if panel == "loss" else panel, color=INK, loc="left", fontsize=11)
    axes.set_xlabel("epoch", color=INK)
    axes.tick_params(colors=INK)
    axes.grid(color=BEST, alpha=0.25, linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(BEST)
    axes.legend(frameon=False, labelcolor=INK, fontsize=9)
