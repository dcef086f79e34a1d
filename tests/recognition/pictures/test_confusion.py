from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from recognition.pictures.confusion import confusion_picture
from tests.recognition.evaluation.samples import evaluation_of
from tests.recognition.report.samples import judged


def pixels(evaluation):
    picture = Image.open(BytesIO(confusion_picture(evaluation)))
    assert picture.format == "PNG"
    return np.asarray(picture.convert("RGB")).astype(int)


@pytest.mark.parametrize(("classes", "superclasses"), [(2, 0), (10, 2), (1000, 0), (1000, 50)])
def test_any_number_of_classes(classes, superclasses):
    assert pixels(judged(classes, images=2 * classes, superclasses=superclasses)[0]).std() > 0


def test_right_is_blue_and_wrong_is_orange():
    right, wrong = pixels(evaluation_of([0, 1], [0, 1])), pixels(evaluation_of([0, 1], [1, 0]))
    assert ((right[..., 2] - right[..., 0]) > 60).mean() > 0.2
    assert not ((right[..., 0] - right[..., 2]) > 60).any()
    assert ((wrong[..., 0] - wrong[..., 2]) > 60).mean() > 0.2


def test_classes_without_images():
    pixels(evaluation_of([0, 0], [0, 1], classes=4))


def test_names_that_fonts_and_formulas_stumble_over():
    names = ("$\\frac$", "🦊", "قطة", "x" * 200, "<b>")
    pixels(judged(classes=5, names=names)[0])


def test_same_evaluation_same_picture():
    evaluation, _ = judged(superclasses=2)
    assert confusion_picture(evaluation) == confusion_picture(evaluation)
