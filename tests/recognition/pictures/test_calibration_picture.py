from io import BytesIO

import pytest
from PIL import Image

from recognition.pictures.calibration import calibration_picture
from tests.recognition.calibration.samples import calibration_of, trial_of


@pytest.mark.parametrize(
    "calibration",
    [
        calibration_of(),
        calibration_of(trial_of(1, None, "diverged", loss=None), trial_of(2, 0.0)),
        calibration_of(*(trial_of(i, 0.5 + i / 1000) for i in range(1, 301)), metric="macro_f1"),
    ],
    ids=["every state", "nothing reached", "many trials"],
)
def test_picture_is_a_png(calibration):
    assert Image.open(BytesIO(calibration_picture(calibration))).format == "PNG"


def test_drawing_is_the_same_each_time_and_shows_what_changes():
    first, again, other = map(
        calibration_picture, (calibration_of(), calibration_of(), calibration_of(metric="macro_f1"))
    )
    assert first == again
    assert first != other
