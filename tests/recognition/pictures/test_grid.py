from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from recognition.errors import InputError
from recognition.pictures.grid import image_grid

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 10, 3), dtype=np.uint8)


def decoded(png):
    picture = Image.open(BytesIO(png))
    assert (picture.format, picture.mode) == ("PNG", "RGB")
    return np.asarray(picture)


def test_pixels_are_enlarged_without_blur():
    picture = decoded(image_grid(IMAGES, columns=3, scale=4))
    enlarged = IMAGES.repeat(4, axis=1).repeat(4, axis=2)
    np.testing.assert_array_equal(picture[8:40, 8:48], enlarged[0])
    np.testing.assert_array_equal(picture[48:80, 56:96], enlarged[4])
    assert picture.shape == (2 * 40 + 8, 3 * 48 + 8, 3)


def test_floats_are_rounded_and_clipped():
    values = np.array([-5, 0.4, 0.6, 254.6, 300], np.float32).reshape(1, 1, 5, 1)
    picture = decoded(image_grid(values, scale=1))
    assert picture[8, 8:13, 0].tolist() == [0, 0, 1, 255, 255]


def test_grey_images_are_drawn_grey():
    picture = decoded(image_grid(IMAGES[..., :1], scale=1))
    np.testing.assert_array_equal(picture[..., 0], picture[..., 2])


def test_long_titles_stay_below_their_own_image():
    wide = image_grid(IMAGES, ["an exceedingly long name of a class", *[""] * 4], columns=5, scale=8)
    picture = decoded(wide)
    assert picture[72:, 8:88].min() < 128
    assert picture[:, 88:96].min() == 255


@pytest.mark.parametrize("title", ["Вишня", "樱桃", "كرز", "🍒", "two\nlines\ttab", "\ud800", "\x00", "", "x" * 10_000])
def test_any_text_is_drawn_without_an_error(title):
    decoded(image_grid(IMAGES, [title] * 5, heading=[title]))


@pytest.mark.parametrize("titles", [("樱", "桃"), ("क", "ख"), ("Ж", "Я"), ("ε", "η"), ("🍒", "🍎")])
def test_no_two_names_look_the_same(titles):
    one, other = (image_grid(IMAGES[:1], [title], scale=16) for title in titles)
    assert one != other


def test_large_images_are_drawn_smaller():
    large = np.zeros((9, 30, 400, 3), np.uint8)
    height, width, _ = decoded(image_grid(large, columns=8, scale=1)).shape
    assert width <= 1600
    assert height < 100
    assert decoded(image_grid(np.zeros((1, 2, 4000, 1), np.uint8), scale=1)).shape[1] <= 1600


def test_headings_are_wrapped_and_make_room():
    plain, headed = (decoded(image_grid(IMAGES, heading=text)) for text in ([], ["many words " * 20]))
    assert headed.shape[1] == plain.shape[1]
    assert headed.shape[0] > plain.shape[0] + 40
    np.testing.assert_array_equal(headed[-32:], plain[-32:])


def test_the_same_arguments_give_the_same_bytes():
    assert image_grid(IMAGES, list("abcde")) == image_grid(IMAGES, list("abcde"))


@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (8, 8, 3), (2, 8, 8, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(InputError, match="no images to draw"):
        image_grid(np.zeros(shape, np.uint8))


def test_missing_titles_are_refused():
    with pytest.raises(InputError, match=r"received: 2 titles[^$]+expected: 5"):
        image_grid(IMAGES, ["a", "b"])
