import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from recognition.report.sprites import sprite


def decoded(uri):
    assert uri.startswith("data:image/jpeg;base64,")
    return Image.open(BytesIO(base64.b64decode(uri.partition(",")[2])))


@pytest.mark.parametrize(
    ("shape", "size"),
    [((32, 32, 3), (96, 32)), ((8, 8, 1), (96, 32)), ((300, 150, 3), (72, 48)), ((40, 48, 1), (144, 40))],
)
def test_images_lie_side_by_side_at_a_size_that_shows_them(shape, size):
    images = [np.full(shape, level, np.uint8) for level in (0, 120, 250)]
    picture = decoded(sprite(images, 48))
    assert picture.size == size
    assert picture.mode == ("L" if shape[2] == 1 else "RGB")
    middle = np.asarray(picture.convert("L"))[size[1] // 2, size[0] // 6 :: size[0] // 3]
    np.testing.assert_allclose(middle, (0, 120, 250), atol=3)


def test_same_images_same_text():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert sprite([image], 48) == sprite([image], 48)
