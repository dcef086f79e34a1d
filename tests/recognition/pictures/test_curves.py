from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from recognition.pictures.curves import comparison_svg, curves_picture, curves_svg
from recognition.pictures.inline import RUNS
from tests.recognition.report.samples import history_of


def panels(svg):
    return [ElementTree.fromstring(f"<svg {text}") for text in svg.split("<svg ")[1:]]


@pytest.fixture(scope="module")
def svg():
    return curves_svg(history_of(5, best_epoch=4))


@pytest.mark.parametrize(("epochs", "best"), [(1, 1), (200, 150)])
def test_picture_is_a_png(epochs, best):
    assert Image.open(BytesIO(curves_picture(history_of(epochs, best)))).format == "PNG"


def test_each_panel_marks_the_chosen_epoch(svg):
    texts = ["".join(panel.itertext()) for panel in panels(svg)]
    for text, title in zip(texts, ("accuracy", "loss", "learning rate", "seconds per epoch"), strict=True):
        assert title in text
        assert "chosen: epoch 4" in text
    assert all("train" in text and "validation" in text for text in texts[:2])


def test_another_metric_in_charge_stands_beside_accuracy(svg):
    texts = ["".join(panel.itertext()) for panel in panels(curves_svg(history_of(metric="balanced_accuracy")))]
    assert ["validation balanced accuracy" in text for text in texts] == [True, False, False, False]
    assert "balanced" not in svg


def test_drawing_is_the_same_each_time(svg):
    assert curves_svg(history_of(5, best_epoch=4)) == svg
    assert curves_picture(history_of()) == curves_picture(history_of())


def test_drawing_refers_to_nothing_outside(svg):
    for panel in panels(svg):
        for element in panel.iter():
            for name, value in element.attrib.items():
                assert not name.endswith("href") or value.startswith("#")
                assert "url(" not in value or "url(#" in value
    assert "<style" not in svg
    assert "<metadata" not in svg


def test_ids_are_unique_across_panels(svg):
    ids = [element.get("id") for panel in panels(svg) for element in panel.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def lines(panel, colour):
    """Points of a run's line and centres of its rings, top left is (0, 0)."""
    drawn = [element for element in panel.iter() if colour in element.get("style", "")]
    (line,) = [each for each in drawn if each.tag.endswith("path") and "width: 1.6" in each.get("style")]
    rings = [each for each in drawn if each.tag.endswith("use") and "width: 0.8" not in each.get("style")]  # no ticks
    points = [tuple(map(float, point.split())) for point in line.get("d")[1:].split("L")]
    return points, [(float(ring.get("x")), float(ring.get("y"))) for ring in rings]


@pytest.fixture(scope="module")
def compared():
    return comparison_svg([history_of(3, best_epoch=2), history_of(8, best_epoch=5)])


def test_every_run_has_a_line_with_a_ring_at_its_best_epoch_in_every_panel(compared):
    titles = ["validation accuracy", "validation loss, nats", "training loss, nats", "learning rate"]
    for panel, title in zip(panels(compared), titles, strict=True):
        assert title in "".join(panel.itertext())
        for colour, epochs, best in ((RUNS[0], 3, 2), (RUNS[1], 8, 5)):
            points, rings = lines(panel, colour)
            assert len(points) == epochs
            assert rings == [pytest.approx(points[best - 1], abs=0.01)]


def test_runs_share_their_axes_and_shares_are_percent(compared):
    accuracy = panels(compared)[0]
    (short, _), (long, _) = (lines(accuracy, colour) for colour in RUNS[:2])
    assert short == long[:3]
    heights = [y for _, y in long]
    assert heights == sorted(heights, reverse=True)  # better is higher on the page
    assert "%" in "".join(accuracy.itertext())


def test_a_run_of_one_epoch_is_a_ring():
    assert len(lines(panels(comparison_svg([history_of(1, best_epoch=1)]))[0], RUNS[0])[1]) == 1


def test_another_metric_in_charge_has_a_panel_where_all_share_it():
    shared = panels(comparison_svg([history_of(metric="macro_f1")] * 2))
    assert "validation macro F1" in "".join(shared[1].itertext())
    assert len(panels(comparison_svg([history_of(metric="macro_f1"), history_of()]))) == 4
