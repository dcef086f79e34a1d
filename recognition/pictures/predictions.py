"""What was answered how often, as a picture."""

from __future__ import annotations

import warnings

import matplotlib

from recognition.pictures.inline import MUTED, TRAIN, VALIDATION, dress, new_figure, to_png
from recognition.prediction.predictions import Predictions

NAMED = 30  # classes with a bar of their own
LONGEST = 28  # characters of a name


def predictions_picture(predictions: Predictions) -> bytes:
    """Draw answers by class, the most frequent above, and below them what was rejected or unreadable, PNG."""
    bars = [(name[:LONGEST], count, VALIDATION) for name, count in list(predictions.labels.items())[:NAMED]]
    others = list(predictions.labels.values())[NAMED:]
    bars += [(f"{len(others)} other classes", sum(others), VALIDATION)] if others else []
    bars += [("none of these", predictions.rejected, TRAIN), ("unreadable", predictions.failed, MUTED)]
    names, counts, colours = zip(*reversed(bars), strict=True)
    # a $ in a name is no formula, and a name's glyph that no font has is drawn as a box
    with matplotlib.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = new_figure(7, 1.2 + 0.24 * len(bars))
        axes = figure.subplots()
        drawn = axes.barh(range(len(bars)), counts, color=colours)
        axes.bar_label(drawn, [f"{count:,}" for count in counts], padding=3, fontsize=8)
        axes.set_yticks(range(len(bars)), names, fontsize=8)
        dress(axes, f"answers for {predictions.images:,} images", "images", None)
        return to_png(figure)
