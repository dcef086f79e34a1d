import numpy as np
import pytest

from recognition.data.image_transform import ImageTransform
from recognition.serving.decoding.images import images_of
from recognition.serving.decoding.uploads import Upload
from recognition.serving.problems import Problem
from tests.recognition.data.test_image_transform import bomb
from tests.recognition.serving.served import picture

TRANSFORM, PIXELS = ImageTransform(4, 4, 3, "stretch", "#ffffff"), 1_000


def images(*contents):
    return images_of([Upload("a.png", content) for content in contents], TRANSFORM, PIXELS)


def problem(*contents):
    with pytest.raises(Problem) as raised:
        images(*contents)
    return raised.value


def test_images_are_brought_to_the_model_s_size_in_their_order():
    found = images(picture("red"), picture("blue", (9, 9), "BMP"))
    assert found.names == ("a.png", "a.png")
    assert found.pixels.shape == (2, 4, 4, 3)
    np.testing.assert_array_equal(found.pixels[:, 0, 0], [[255, 0, 0], [0, 0, 255]])


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (picture("red", (40, 40)), 413),
        (bomb(), 413),
        (b"no image", 415),
        (b"%PDF-1.7\n", 415),
        (b"", 422),
        (picture("red", (30, 30))[:60], 422),
    ],
)
def test_why_an_image_cannot_be_used_decides_the_status(content, status):
    refused = problem(content)
    assert refused.status == status
    assert [(error.index, error.file, error.status) for error in refused.errors] == [(0, "a.png", status)]


def test_all_bad_images_of_a_request_are_named():
    refused = problem(picture("red"), b"no image", picture("red", (40, 40)))
    assert refused.status == 422
    assert [(error.index, error.status) for error in refused.errors] == [(1, 415), (2, 413)]
    assert "2 of 3" in refused.detail


def test_what_is_wrong_with_all_in_the_same_way_is_the_status():
    assert problem(b"no image", picture("red"), b"neither").status == 415
