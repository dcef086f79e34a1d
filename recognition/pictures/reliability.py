"""How far confidence can be trusted: the reliability diagram, and accuracy against coverage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recognition.evaluation.confidence import BINS, Confidence
from recognition.evaluation.coverage import Coverage, CoveragePoint
from recognition.evaluation.evaluation import Metrics
from recognition.pictures.inline import INK, MUTED, TRAIN, VALIDATION, dress, new_figure, to_png, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOW = 0.4  # accuracy up to which the curve runs through the lower left
NEGLIGIBLE = 0.001  # share of the images up to which a bin is not drawn: so few may be right by chance


def reliability_picture(metrics: Metrics) -> bytes:
    """Draw the reliability diagram and accuracy against coverage side by side, PNG."""
    figure = new_figure(10, 4.6)
    left, right = figure.subplots(1, 2)
    _draw_reliability(left, metrics)
    _draw_coverage(right, metrics.coverage, metrics.accuracy)
    return to_png(figure)


def reliability_svg(metrics: Metrics) -> str:
    """The reliability diagram as an inline SVG element, in the colours of the page."""
    figure = new_figure(5, 4.2)
    _draw_reliability(figure.subplots(), metrics)
    return to_svg(figure, "reliability", "Reliability diagram: accuracy by confidence")


def coverage_svg(metrics: Metrics, chosen: CoveragePoint | None = None) -> str:
    """Accuracy against coverage as an inline SVG element, in the colours of the page.

    Args:
        metrics: Those of a split.
        chosen: What the model's own threshold does to it.
    """
    figure = new_figure(5, 4.2)
    _draw_coverage(figure.subplots(), metrics.coverage, metrics.accuracy, chosen)
    return to_svg(figure, "coverage", "Accuracy of the answers by share of images answered")


def _draw_reliability(axes: Axes, metrics: Metrics) -> None:
    shares = [each.images / metrics.images for each in metrics.confidence.bins]
    middles = [(each.lower + each.upper) / 2 for each in metrics.confidence.bins]
    axes.bar(middles, shares, 0.9 / BINS, color=MUTED, alpha=0.25, label="share of images")
    axes.plot([0, 1], [0, 1], color=MUTED, linestyle="--", linewidth=1, label="perfectly calibrated")
    if metrics.uncalibrated:
        _draw_bins(axes, metrics.uncalibrated, TRAIN, "before temperature", ":")
    _draw_bins(axes, metrics.confidence, VALIDATION, "after temperature" if metrics.uncalibrated else "the model", "-")
    _scale(axes)
    dress(axes, "accuracy", "confidence", "upper left")


def _draw_bins(axes: Axes, confidence: Confidence, colour: str, label: str, style: str) -> None:
    images = sum(each.images for each in confidence.bins)
    filled = [each for each in confidence.bins if each.images > images * NEGLIGIBLE]
    across, up = zip(*((each.confidence, each.accuracy) for each in filled), strict=True)
    axes.plot(across, up, color=colour, label=label, linestyle=style, linewidth=1.4)
    most = max(each.images for each in filled)
    axes.scatter(across, up, color=colour, s=[4 + 40 * each.images / most for each in filled])


def _draw_coverage(axes: Axes, coverage: Coverage, accuracy: float, chosen: CoveragePoint | None = None) -> None:
    points = [(point.coverage, point.accuracy) for point in coverage.curve]
    axes.plot(*zip(*points, strict=True), color=VALIDATION, linewidth=1.6, marker="." if len(points) == 1 else None)
    axes.axhline(accuracy, color=MUTED, linestyle="--", linewidth=1, label="all images answered")
    reached = [(target.coverage, target.accuracy) for target in coverage.targets if 0 < target.coverage < 1]
    if reached:
        label = ", ".join(f"{accuracy:.0%}" for _, accuracy in reached) + " right"
        across, up = zip(*reached, strict=True)
        axes.scatter(across, up, color=INK, s=28, label=label, zorder=3)
    if chosen:
        label = "its threshold, set on validation"
        axes.scatter([chosen.coverage], [chosen.accuracy], color=TRAIN, s=70, marker="D", label=label, zorder=4)
    _scale(axes)
    dress(
        axes,
        "accuracy of the answers",
        "share of images answered, the surest first",
        "lower left" if accuracy > LOW else "upper right",
    )


def _scale(axes: Axes) -> None:
    from matplotlib.ticker import PercentFormatter

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
