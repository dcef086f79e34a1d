from types import SimpleNamespace

import pytest

from operations.inference.prediction import Predicted, render_predicted
from recognition.prediction.tally import Tally

MODEL = SimpleNamespace(name="pets", mlflow_version="3")


@pytest.mark.parametrize(
    ("output", "formulas", "told"), [("a.csv", 2, True), ("a.csv", 0, False), ("a.jsonl", 2, False), (None, 2, False)]
)
def test_who_opens_a_table_in_a_spreadsheet_is_warned_of_formulas(output, formulas, told):
    tally = Tally(answered=5, formulas=formulas)
    assert ("2 names begin like a formula" in render_predicted(Predicted(tally, MODEL, 1.0, output))) == told
