from io import BytesIO

import pytest
from PIL import Image

from recognition.pictures.calibration import calibration_picture
from tests.recognition.calibration.samples import calibration_of, trial_of


@pytest.fixture(scope="module")
def picture():
    """One that shows every state of a trial."""
    return calibration_picture(calibration_of())


@pytest.mark.parametrize(
    "calibration",
    [
        calibration_of(trial_of(1, None, "diverged", loss=None), trial_of(2, 0.0)),
        calibration_of(*(trial_of(i, 0.5 + i / 1000) for i in range(1, 301)), metric="macro_f1"),
    ],
    ids=["nothing reached", "many trials"],
)
def test_picture_is_a_png_and_shows_what_differs(picture, calibration):
    other = calibration_picture(calibration)
    assert Image.open(BytesIO(picture)).format == Image.open(BytesIO(other)).format == "PNG"
    assert other != picture


def test_drawing_is_the_same_each_time(picture):
    assert calibration_picture(calibration_of()) == picture
    assert calibration_picture(calibration_of(metric="macro_f1")) != picture
