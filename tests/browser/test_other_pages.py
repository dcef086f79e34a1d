"""The pages beside the report: they share its style and its tables."""

import numpy as np
import pytest

from recognition.data.change import Baseline, compare
from recognition.data.inspection import inspect_dataset
from recognition.evaluation.evaluate import evaluate
from recognition.report.comparison import compare_runs
from recognition.report.comparison_page import build_comparison_page
from recognition.report.data_page import build_data_page
from recognition.report.suspects import build_suspects_page
from tests.browser.conftest import NARROW
from tests.recognition.evaluation.samples import certain, names_of, split_of
from tests.recognition.report.compared import compared_run, dataset_of

pytestmark = pytest.mark.slow


def comparison():
    return build_comparison_page(compare_runs([compared_run(seed=seed) for seed in range(2)]))


def data():
    dataset = dataset_of(split_of(np.arange(40) % 4, size=8), split_of(np.arange(80) % 4, size=8, seed=1), names_of(4))
    inspection, baseline = inspect_dataset(dataset), Baseline(why="there is no champion yet")
    return build_data_page(dataset, inspection, compare(inspection.summary, baseline), baseline)


def suspects():
    given, true = np.arange(80) % 4, np.arange(80) % 4
    given[:4] = (true[:4] + 1) % 4
    dataset = dataset_of(split_of(given, size=8), names=names_of(4))
    evaluation = evaluate(certain(true, 4), dataset.splits["test"], names_of(4))
    return build_suspects_page({"test": evaluation}, dataset)


@pytest.mark.parametrize("build", [comparison, data, suspects])
def test_they_ask_for_nothing_complain_of_nothing_and_fit_a_phone(visit, build):
    report = visit(build(), viewport=NARROW)
    assert report.complaints == []
    assert [url for url in report.requests if not url.startswith("data:")] == [report.page.url]
    assert report.overflow() <= 0


@pytest.mark.parametrize(("build", "number"), [(comparison, 2), (data, 2)])
def test_their_tables_are_sorted_by_number(visit, build, number):
    page = visit(build()).page
    page.locator("details").evaluate_all("all => all.forEach((each) => (each.open = true))")
    heading = page.locator(f".sortable thead th:nth-child({number})").first
    heading.locator("button").click()
    values = f".sortable tbody td:nth-child({number})"
    shown = [float(cell.get_attribute("data-value")) for cell in page.locator(values).all()]
    assert heading.get_attribute("aria-sort") == "ascending"
    assert shown == sorted(shown)
