import numpy as np
import pytest

from recognition.evaluation.paired import Difference
from recognition.report.comparison_words import change, interval, p_value, setting, title, value, verdict


def test_names_and_values():
    assert [title(name) for name in ("top5", "macro_f1", "loss")] == ["Top-5 accuracy", "Macro F1", "Loss"]
    assert (value("accuracy", 0.61234), value("loss", 1.23456)) == ("61.23\u00a0%", "1.235")
    assert (change("accuracy", -0.012), change("loss", -0.5)) == ("\u22121.20", "\u22120.500")


def test_intervals():
    assert interval("accuracy", Difference(0.5, 0.6, -0.01, 0.2)) == "\u22121.00 to +20.00"
    assert interval("loss", Difference(1, 2, -np.inf, np.inf)) == "too few images for an interval"


@pytest.mark.parametrize(("low", "high", "accuracy", "loss"), [(1, 2, "better", "worse"), (-2, -1, "worse", "better")])
def test_a_smaller_loss_is_better(low, high, accuracy, loss):
    difference = Difference(0, (low + high) / 2, low, high)
    assert (verdict("accuracy", difference), verdict("loss", difference)) == (accuracy, loss)
    assert verdict("loss", Difference(0, 0, -1, 1)) == "unclear"


def test_p_values_and_settings():
    assert [p_value(p) for p in (0.00012, 0.0345, 1.0)] == ["p < 0.001", "p = 0.035", "p = 1"]
    assert [setting(each) for each in (None, True, 0.4, "a<b")] == ["–", "true", "0.4", "a<b"]
