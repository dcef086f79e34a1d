import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from recognition.report.thumbnails import thumbnail


def decode(uri):
    head, _, data = uri.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_small_images_are_kept_pixel_by_pixel(channels, mode):
    image = np.random.default_rng(0).integers(0, 256, (8, 5, channels), dtype=np.uint8)
    picture = decode(thumbnail(image))
    assert picture.mode == mode
    np.testing.assert_array_equal(np.asarray(picture).reshape(image.shape), image)


def test_large_images_shrink_and_keep_their_shape():
    assert decode(thumbnail(np.zeros((100, 200, 3), np.uint8))).size == (64, 32)
