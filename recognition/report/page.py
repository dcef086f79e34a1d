"""The page: one HTML file that asks nothing of anyone."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from recognition.data.dataset import Split
from recognition.evaluation.confusions import confused_pairs, worst_classes
from recognition.evaluation.evaluation import Evaluation
from recognition.evaluation.score import in_words
from recognition.gate import GateDecision
from recognition.pictures.curves import curves_svg
from recognition.report import formats
from recognition.report.confidence import trust
from recognition.report.facts import RunFacts
from recognition.report.matrix import draw_matrix
from recognition.report.numbers import lead
from recognition.report.thumbnails import thumbnail
from recognition.training.history import History

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
STYLES = ("style.css", "confidence.css")
SCRIPTS = ("matrix.js", "table.js")


def build_page(evaluation: Evaluation, history: History, decision: GateDecision, facts: RunFacts, test: Split) -> str:
    """Build the report of a run as one self-contained HTML page; the same input gives the same text.

    Args:
        evaluation: Predictions and metrics on `test`.
        history: How the model was trained.
        decision: What the gate said, and why.
        facts: Where model and data come from.
        test: The split that was judged; images of the most confused classes are shown.
    """
    script = "\n".join((FOLDER / name).read_text("utf-8") for name in SCRIPTS)
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            evaluation=evaluation,
            metrics=evaluation.metrics,
            names=evaluation.class_names,
            history=history,
            decision=decision,
            lead=lead(decision),
            facts=facts,
            matrix=draw_matrix(evaluation),
            trust=trust(evaluation.metrics),
            curves=Markup(curves_svg(history)),  # noqa: S704 - drawn from numbers only
            worst=worst_classes(evaluation),
            pairs=confused_pairs(evaluation),
            picture=lambda index: thumbnail(test.images[index]),
            style=Markup("\n".join((FOLDER / name).read_text("utf-8") for name in STYLES)),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own files
            script_digest=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "sort_keys": True}
    for name in ("percent", "percents", "points", "moment", "integer", "plural", "duration", "breakable"):
        environment.filters[name] = getattr(formats, name)
    environment.filters["words"] = in_words
    return environment
