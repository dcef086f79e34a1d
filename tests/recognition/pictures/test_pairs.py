from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from recognition.pictures.pairs import pairs_picture


def decoded(png):
    return np.asarray(Image.open(BytesIO(png)))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_two_of_a_pair_stand_side_by_side(channels):
    dark, bright = np.full((4, 40, 40, channels), 10, np.uint8), np.full((4, 40, 40, channels), 200, np.uint8)
    picture = decoded(pairs_picture(dark, bright, [("a, train, x.png", "b, test, y.png")] * 4))
    assert [picture[50, column, 0] for column in (50, 260, 470, 680)] == [10, 200, 10, 200]


def test_titles_and_heading_are_drawn():
    images = np.zeros((1, 16, 16, 3), np.uint8)
    plain = pairs_picture(images, images, [("", "")])
    assert pairs_picture(images, images, [("cat", "dog")]) != plain
