"""Step: look the data through, and compare them with the champion's."""

from typing import Annotated

from zenml import log_metadata, step
from zenml.types import HTMLString

from materializers.data_summary import DataSummaryMaterializer
from operations.platform.console import echo
from recognition.data.change import Baseline, DataChange, compare
from recognition.data.dataset import ImageDataset
from recognition.data.inspection import inspect_dataset
from recognition.data.summary import DataSummary
from recognition.report.data_page import build_data_page


@step(output_materializers={"data_summary": DataSummaryMaterializer})
def data_report(
    dataset: ImageDataset, baseline: Baseline, code: str
) -> tuple[
    Annotated[DataSummary, "data_summary"], Annotated[DataChange, "data_change"], Annotated[HTMLString, "data_report"]
]:
    """Gather the data's numbers, judge the change, draw the page.

    Args:
        dataset: Every side of it.
        baseline: The champion's data.
        code: Hash of the code behind this step, for the cache.
    """
    inspection = inspect_dataset(dataset)
    change = compare(inspection.summary, baseline)
    log_metadata(change.model_dump(include={"verdict", "reason", "version"}, exclude_none=True))
    echo(f"data: {change.in_words()}")
    return inspection.summary, change, HTMLString(build_data_page(dataset, inspection, change, baseline))
