"""The confusion matrix as a picture: ordered and framed by superclass."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from recognition.evaluation.arrangement import Arrangement, arrange, axis_labels
from recognition.evaluation.evaluation import Evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK, FRAME = "#1b2230", "#5b6472"
NAMED = 30  # labels along an axis
COUNTED = 12  # classes up to which the cells hold their counts
LONGEST = 28  # characters of a name


def confusion_picture(evaluation: Evaluation) -> bytes:
    """Draw the confusion matrix as shares of each true class, right answers blue and mistakes orange, PNG.

    Args:
        evaluation: From 2 to about 1,000 classes.
    """
    import matplotlib
    from matplotlib.figure import Figure

    arrangement = arrange(evaluation)
    # a $ in a name is no formula, and a name's glyph that no font has is drawn as a box
    with matplotlib.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(10, 10), layout="constrained")
        axes = figure.subplots()
        _draw_shares(axes, arrangement)
        _draw_frames(axes, arrangement)
        _draw_counts(axes, arrangement)
        _name_axes(axes, arrangement, evaluation.class_names)
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def _draw_shares(axes: Axes, arrangement: Arrangement) -> None:
    """One picture in colours: two masked ones on top of each other take twice the time."""
    from matplotlib import colormaps

    levels, right = np.sqrt(arrangement.shares), np.eye(len(arrangement.order), dtype=bool)
    colours = np.where(right[..., None], colormaps["Blues"](levels), colormaps["Oranges"](levels))
    colours[arrangement.counts == 0] = 0.0  # nothing, opacity included
    axes.imshow(colours, interpolation="nearest")


def _draw_frames(axes: Axes, arrangement: Arrangement) -> None:
    from matplotlib.patches import Rectangle

    for group in arrangement.groups:
        corner = group.start - 0.5, group.start - 0.5
        axes.add_patch(Rectangle(corner, group.size, group.size, fill=False, edgecolor=FRAME, linewidth=0.8))


def _draw_counts(axes: Axes, arrangement: Arrangement) -> None:
    if len(arrangement.order) > COUNTED:
        return
    for (row, column), count in np.ndenumerate(arrangement.counts):
        colour = "white" if arrangement.shares[row, column] > 0.4 else INK
        axes.text(column, row, str(count), ha="center", va="center", color=colour)


def _name_axes(axes: Axes, arrangement: Arrangement, names: tuple[str, ...]) -> None:
    labels = axis_labels(arrangement, names, NAMED)
    places = [label.middle - 0.5 for label in labels]  # imshow puts the middle of the first cell at 0
    texts = [_shorten(label.name) for label in labels]
    axes.set_xticks(places, texts, rotation=90, fontsize=9, color=INK)
    axes.set_yticks(places, texts, fontsize=9, color=INK)
    axes.set_xlabel("predicted", color=INK)
    axes.set_ylabel("true", color=INK)


def _shorten(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
