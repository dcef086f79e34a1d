import numpy as np
import pytest
from report import Case, build, build_figures, probabilities_of, split_of

TINY = Case("tiny", 3, 2, 60, 1e6, None)


def test_probabilities_are_such_and_mostly_right():
    probabilities = probabilities_of(Case("some", 10, 0, 6_000, 1.0, None))
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(6_000), abs=1e-3)
    right = np.mean(probabilities.argmax(axis=1) == np.arange(6_000) % 10)
    assert 0.5 < right < 0.9


def test_the_whole_report_is_built():
    page = build(TINY, probabilities_of(TINY), split_of(TINY))
    assert "superclass_1" in page
    assert page.count('class="card"') > 60


def test_figures_tell_time_memory_and_size(tmp_path, monkeypatch):
    monkeypatch.setattr("report.build", lambda *given: "a page")
    time, memory, size = build_figures(TINY, 2, tmp_path / "page.html")
    assert (len(time.values), time.unit, time.reached) == (2, "s", True)
    assert (memory.unit, memory.goal) == ("GiB", None)
    assert size.values == ((tmp_path / "page.html").stat().st_size / 1e6,)
