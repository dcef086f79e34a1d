"""The page: one HTML file that asks nothing of anyone."""

from __future__ import annotations

from markupsafe import Markup

from recognition.data.dataset import Split
from recognition.evaluation.confusions import confused_pairs
from recognition.evaluation.evaluation import Evaluation
from recognition.gate import GateDecision
from recognition.pictures.curves import curves_svg
from recognition.prediction.rejection import EVERY_ANSWER, RejectionChoice, applied
from recognition.report.classes import list_classes
from recognition.report.confidence import trust
from recognition.report.facts import RunFacts
from recognition.report.gallery import fill_gallery
from recognition.report.matrix import draw_matrices
from recognition.report.template import render
from recognition.report.thumbnails import thumbnail
from recognition.training.history import History

STYLES = ("style.css", "gate.css", "controls.css", "matrix.css", "gallery.css", "confidence.css")
SCRIPTS = ("names.js", "matrix.js", "search.js", "gallery.js", "table.js", "classes.js")


def build_page(
    evaluation: Evaluation,
    history: History,
    decision: GateDecision,
    facts: RunFacts,
    test: Split,
    rejection: RejectionChoice = EVERY_ANSWER,
) -> str:
    """Build the report of a run as one self-contained HTML page; the same input gives the same text.

    Args:
        evaluation: Predictions and metrics on `test`.
        history: How the model was trained.
        decision: What the gate said, and why.
        facts: Where model and data come from.
        test: The split that was judged; some of its images are shown.
        rejection: From which probability on the model answers.
    """
    chosen = applied(rejection.rejection, evaluation.predictions) if rejection.rejection else None
    return render(
        "page.html.jinja",
        STYLES,
        SCRIPTS,
        evaluation=evaluation,
        metrics=evaluation.metrics,
        names=evaluation.class_names,
        history=history,
        decision=decision,
        facts=facts,
        matrices=draw_matrices(evaluation),
        pairs=confused_pairs(evaluation),
        picture=lambda index: thumbnail(test.images[index]),
        gallery=fill_gallery(evaluation, test),
        trust=trust(evaluation.metrics, rejection, chosen),
        curves=Markup(curves_svg(history)),  # noqa: S704 - drawn from numbers only
        classes=list_classes(evaluation),
    )
