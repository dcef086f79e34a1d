import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from recognition.report.thumbnails import LARGEST, thumbnail
from tests.recognition.data.files import picture


def decode(uri):
    head, _, data = uri.partition(",")
    assert head == "data:image/webp;base64"
    return Image.open(BytesIO(base64.b64decode(data)))


@pytest.mark.parametrize(("channels", "mode"), [(1, "RGB"), (3, "RGB"), (4, "RGBA")])
def test_small_images_keep_size_and_looks(channels, mode):
    colours = picture(0, (32, 24)).convert({1: "L", 3: "RGB", 4: "RGBA"}[channels])
    image = np.array(colours).reshape(24, 32, channels)
    if channels == 4:
        image[:, :, 3] = 200
    shown = decode(thumbnail(image))
    assert (shown.mode, shown.size) == (mode, (32, 24))
    assert np.abs(np.asarray(shown).astype(int) - image).mean() < 4


def test_large_images_shrink_and_keep_their_shape():
    assert decode(thumbnail(np.zeros((200, 400, 3), np.uint8))).size == (LARGEST, LARGEST // 2)


def test_the_same_image_gives_the_same_text():
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert thumbnail(image) == thumbnail(image.copy())
