import pytest


@pytest.fixture
def undrawn(monkeypatch):
    """Pages without diagrams, which take two thirds of a page's time and say nothing of what such a test looks at."""
    monkeypatch.setattr("recognition.report.page.curves_svg", lambda history: "")
    for name in ("reliability_svg", "coverage_svg"):
        monkeypatch.setattr(f"recognition.report.confidence.{name}", lambda *given: "")
