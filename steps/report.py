"""Step: the report, one self-contained page, and its numbers."""

import json
from typing import Annotated

from zenml import step
from zenml.types import HTMLString, JSONString

from operations.platform.console import echo
from operations.registry.registered_model import RegisteredModel
from operations.training.surroundings import surroundings
from recognition.data.dataset import ImageDataset
from recognition.data.folds import first_fold
from recognition.evaluation.evaluation import Evaluation
from recognition.gate import GateDecision
from recognition.prediction.rejection import RejectionChoice
from recognition.report.facts import RunFacts
from recognition.report.numbers import report_numbers
from recognition.report.page import build_page
from recognition.report.suspects import build_suspects_page
from recognition.training.history import History


@step
def report(
    dataset: ImageDataset,
    history: History,
    evaluation: Evaluation,
    validation: Evaluation,
    registered: RegisteredModel,
    decision: GateDecision,
    rejection: RejectionChoice,
    recipe: str,
    commit: str | None,
    fallback: bool,
    folds: int | None,
    code: str,
) -> tuple[Annotated[HTMLString, "report"], Annotated[JSONString, "metrics"], Annotated[HTMLString, "label_suspects"]]:
    """Draw the pages and gather the numbers.

    Args:
        dataset: Example images come from its test split.
        history: Curves.
        evaluation: Metrics and predictions.
        validation: Predictions on the images that chose the epoch; their labels may be doubtful too.
        registered: The model that they are about.
        decision: The gate's decision.
        rejection: From which probability on the model answers.
        recipe: Name of the configuration.
        commit: The code's commit, where there is one.
        fallback: Whether the images are the fallback's.
        folds: How the training was cross-validated; None for the split as it is.
        code: Hash of the code behind this step, for the cache.
    """
    around = surroundings()
    facts = RunFacts(
        model=registered.name,
        model_version=registered.zenml_version,
        registry_version=registered.mlflow_version,
        recipe=recipe,
        data=dataset.name,
        data_digest=dataset.digest,
        fallback=fallback,
        images={name: len(split) for name, split in dataset.splits.items()},
        image_shape=dataset.image_shape,
        commit=commit,
        date=around.created(registered),
    )
    page = build_page(evaluation, history, decision, facts, dataset.splits["test"], rejection)
    numbers = json.dumps(report_numbers(evaluation, history, decision, facts, rejection), indent=1, ensure_ascii=False)
    suspects = build_suspects_page({"validation": validation, "test": evaluation}, first_fold(dataset, folds))
    files = {"report.html": page, "metrics.json": numbers, "suspects.html": suspects}
    around.log_files({name: text.encode() for name, text in files.items()})
    echo(f"report: {len(page.encode()) / 1e6:.1f} MB")
    return HTMLString(page), JSONString(numbers), HTMLString(suspects)
