"""What a finished run left behind, loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.platform.environment import data_cache
from operations.registry.registered_model import RegisteredModel
from operations.tracking.runs import outputs_of
from recognition.configuration.sections.data import DataConfig
from recognition.data.change import DataChange
from recognition.data.dataset import ImageDataset
from recognition.evaluation.evaluation import Evaluation, Metrics
from recognition.gate import GateDecision
from recognition.prediction.rejection import RejectionChoice
from recognition.report.error_files import copy_errors
from recognition.training.history import History

ARTIFACTS = (
    *("dataset", "data_change", "data_report", "history", "evaluation"),
    *("registered_model", "rejection", "decision", "report", "metrics", "label_suspects"),
)
PAGE, DATA_PAGE = "report.html", "data.html"


@dataclass(frozen=True)
class Results:
    """What a finished run left behind.

    Attributes:
        run: ZenML's record of the run.
        dataset: The data, memory-mapped.
        change: The data against the champion's.
        history: The training.
        evaluation: Test predictions and metrics.
        registered: The model version.
        rejection: From which probability on the model answers.
        decision: The gate's decision.
        files: What people and programs look at, by file name: the pages, the numbers, the predictions.
    """

    run: Any
    dataset: ImageDataset
    change: DataChange
    history: History
    evaluation: Evaluation
    registered: RegisteredModel
    rejection: RejectionChoice
    decision: GateDecision
    files: Mapping[str, bytes]

    @property
    def metrics(self) -> Metrics:
        """The test metrics."""
        return self.evaluation.metrics


def load_outputs(run: Any, *names: str) -> tuple[Any, ...]:
    """Load artifacts of a finished run.

    Args:
        run: ZenML's record of the run, hydrated.
        names: The artifacts' names.
    """
    outputs = outputs_of(run)
    return tuple(outputs[name].load() for name in names)


def load_results(run: Any) -> Results:
    """Load the artifacts of a finished run.

    Args:
        run: ZenML's record of the run, hydrated.
    """
    loaded = dict(zip(ARTIFACTS, load_outputs(run, *ARTIFACTS), strict=True))
    texts = {
        PAGE: loaded["report"],
        "metrics.json": loaded["metrics"],
        DATA_PAGE: loaded["data_report"],
        "suspects.html": loaded["label_suspects"],
    }
    predictions = loaded["evaluation"].predictions.to_parquet(index=False)
    return Results(
        run=run,
        dataset=loaded["dataset"],
        change=loaded["data_change"],
        history=loaded["history"],
        evaluation=loaded["evaluation"],
        registered=loaded["registered_model"],
        rejection=loaded["rejection"],
        decision=loaded["decision"],
        files={name: str(text).encode() for name, text in texts.items()} | {"predictions.parquet": predictions},
    )


def copy_wrong_images(results: Results, config: DataConfig, folder: Path) -> str:
    """Gather the wrongly predicted test images; a line that tells of it.

    Args:
        results: What the run left behind.
        config: Where its images came from.
        folder: A new or an empty one.
    """
    copied = copy_errors(results.evaluation, results.dataset.splits["test"], config, data_cache(), folder)
    told = f"  errors     {copied.images:,} wrongly predicted test images in {folder}"
    drawn = f"{copied.images - copied.files:,} of them as PNG of their pixels, not as files"
    return f"{told}\n             {drawn}: {copied.reason}" if copied.reason else told
