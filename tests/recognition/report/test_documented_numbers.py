"""docs/report.md against what is written."""

import re
from pathlib import Path

from recognition.evaluation.coverage import CoveragePoint
from recognition.prediction.rejection import Rejection, RejectionChoice
from recognition.report.numbers import report_numbers
from tests.recognition.report.samples import decision_of, facts_of, history_of, judged

PAGE = Path(__file__).resolve().parents[3] / "docs" / "report.md"
WHOLE = ("decision", "training")  # documented where they come from, and named in one row
RECORDS = {"metrics.confidence", "metrics.uncalibrated"}
THRESHOLD = {"rejection.validation": Rejection, "rejection.test": CoveragePoint}


def rows(heading):
    """First and second cell of each row of the table whose first column has this heading."""
    table = re.search(rf"^\| {heading} \|.*?\n\n", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)[0]
    return [line.split(" | ")[:2] for line in table.strip().splitlines()[2:]]


def keys(heading):
    """The keys of a table, those that begin with a dot completed by the beginning of the one before."""
    found, before = set(), ""
    for cell, _ in rows(heading):
        for key in re.findall("`([^`]+)`", cell):
            before = f"{before.rpartition('.')[0]}{key}" if key.startswith(".") else key
            found.add(before)
    return found


def flat(value, prefix):
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {prefix} | flat(value[0], prefix)
    if isinstance(value, dict) and prefix not in {*RECORDS, *THRESHOLD}:
        return {key for name, inner in value.items() for key in flat(inner, f"{prefix}.{name}")}
    return {prefix}


def numbers():
    evaluation, _ = judged(superclasses=2, temperature=2.0)
    found = Rejection(target_error=0.5, threshold=0.1, error=0.1, coverage=0.9, images=100)
    rejection = RejectionChoice(target_error=0.5, rejection=found)
    return report_numbers(evaluation, history_of(), decision_of(), facts_of(), rejection)


def test_every_number_is_documented_and_nothing_else():
    written = numbers()
    known = {key for name, value in written.items() if name not in WHOLE for key in flat(value, name)}
    known = {re.sub(r"^facts\.images\..+", "facts.images.SIDE", key) for key in known}
    assert known | set(WHOLE) == keys("key")


def test_what_a_threshold_does_is_documented():
    for key, kind in THRESHOLD.items():
        [(_, text)] = [row for row in rows("key") if row[0] == f"| `{key}`"]
        assert set(re.findall("`([a-z_]+)`", text)) - {"null"} == set(kind.model_fields)


def test_the_decision_is_documented():
    [(_, text)] = [row for row in rows("key") if row[0] == "| `decision`"]
    assert set(re.findall("`([a-z_]+)`", text)) == set(numbers()["decision"])


def test_every_measure_of_confidence_is_documented():
    written = numbers()["metrics"]
    for record in RECORDS:
        confidence = written[record.partition(".")[2]]
        assert {key for name, value in confidence.items() for key in flat(value, name)} == keys("key of a confidence")


def test_every_column_of_the_predictions_is_documented_with_its_type():
    table = judged()[0].predictions
    documented = {name: kind for cell, kind in rows("column") for name in re.findall("`([^`]+)`", cell)}
    assert list(documented) == list(table.columns)
    types = {name: "string" if str(kind) == "str" else str(kind) for name, kind in table.dtypes.items()}
    assert types == documented
