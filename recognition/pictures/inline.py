"""A matplotlib figure as an SVG element within a page, and the looks that our diagrams share."""

from __future__ import annotations

import re
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, TRAIN, VALIDATION = "#1b2230", "#5b6472", "#b45309", "#1d4ed8"
RUNS = (INK, VALIDATION, TRAIN, "#0f766e", "#a21caf", "#b91c1c")  # compared with each other
VARIABLES = {INK: "--ink", TRAIN: "--train", VALIDATION: "--validation", MUTED: "--muted"}
VARIABLES |= {colour: f"--run-{number}" for number, colour in enumerate(RUNS) if colour not in VARIABLES}


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, sizes in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def to_png(figure: Figure) -> bytes:
    """The bytes of a PNG, the same for the same figure."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def to_svg(figure: Figure, name: str, description: str) -> str:
    """One inline SVG element without any reference to the outside; the same figure gives the same text.

    Colours are the CSS variables of VARIABLES where a page defines them.

    Args:
        figure: What to draw.
        name: Letters and hyphens, with which its ids begin: a page may hold an id only once.
        description: What a screen reader says.
    """
    import matplotlib

    buffer = StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<defs>\s*<style.*?</defs>", "", svg, flags=re.DOTALL)  # its rule would reach the whole page
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var({variable}, {colour})")
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{description}" ', 1)


def dress(axes: Axes, title: str, across: str, legend: str | None = "best") -> None:
    """Give a diagram its title, the name of its horizontal axis, quiet lines, and a legend at a place if it has one."""
    axes.set_title(title, color=INK, loc="left", fontsize=11)
    axes.set_xlabel(across, color=INK)
    axes.tick_params(colors=INK)
    axes.grid(color=MUTED, alpha=0.25, linewidth=0.6)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
    if legend:
        axes.legend(frameon=False, labelcolor=INK, fontsize=9, loc=legend)
