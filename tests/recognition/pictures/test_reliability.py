from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from recognition.pictures.reliability import coverage_svg, reliability_picture, reliability_svg
from tests.recognition.evaluation.samples import evaluation_of
from tests.recognition.report.samples import judged


def text(svg):
    return "".join(ElementTree.fromstring(svg).itertext())


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_picture_is_a_png_and_the_same_each_time(temperature):
    metrics = judged(temperature=temperature)[0].metrics
    picture = reliability_picture(metrics)
    assert Image.open(BytesIO(picture)).format == "PNG"
    assert reliability_picture(metrics) == picture


def test_before_and_after_where_there_is_a_temperature():
    assert "before temperature" in text(reliability_svg(judged(temperature=2.0)[0].metrics))
    assert "before temperature" not in text(reliability_svg(judged()[0].metrics))


def test_what_can_be_reached_is_marked():
    metrics = judged(images=2000)[0].metrics
    assert 0 < metrics.coverage.targets[0].coverage < 1
    assert "90%" in text(coverage_svg(metrics))
    assert "right" not in text(coverage_svg(evaluation_of([0, 1], [0, 1]).metrics))


@pytest.mark.parametrize("predicted", [[0, 1, 2], [2, 2, 2], [1, 2, 0]])
def test_perfect_constant_and_hopeless_predictors(predicted):
    assert reliability_picture(evaluation_of([0, 1, 2], predicted).metrics)


def test_drawings_say_what_they_are_and_share_no_id():
    metrics = judged()[0].metrics
    drawings = [ElementTree.fromstring(svg) for svg in (reliability_svg(metrics), coverage_svg(metrics))]
    assert all(drawing.get("role") == "img" and drawing.get("aria-label") for drawing in drawings)
    ids = [element.get("id") for drawing in drawings for element in drawing.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
