from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from recognition.pictures.curves import curves_picture, curves_svg
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
