import os

import numpy as np
import pytest
from PIL import Image

from recognition.data.image_transform import ImageTransform
from recognition.data.reading import read_images
from tests.recognition.data.files import encoded, picture, write_images

TRANSFORM = ImageTransform(10, 12, 3, "stretch", "#ffffff")


def read(paths, transform=TRANSFORM, max_decoded=10**9, scratch=None):
    return read_images(iter(paths), [str(each) for each in range(len(paths))], transform, max_decoded, scratch)


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    return sorted(write_images(tmp_path_factory.mktemp("images"), 150).iterdir())


def test_images_come_in_order(paths):
    read_ = read(paths)
    assert read_.images.shape == (150, 10, 12, 3)
    for seed in (0, 77, 149):
        np.testing.assert_array_equal(read_.images[seed], np.asarray(picture(seed)))
    assert len(np.unique(read_.content)) == 150
    assert read_.places.tolist() == list(range(150))
    assert read_.unreadable == ()


def test_unreadable_images_are_told_and_left_out(paths, tmp_path):
    text, missing, folder = tmp_path / "text.png", tmp_path / "missing.png", tmp_path / "folder.png"
    text.write_text("text")
    folder.mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    given = [paths[0], text, paths[1], missing, folder, tmp_path / "pipe.png", b"", paths[2]]
    read_ = read(given)
    assert read_.places.tolist() == [0, 2, 7]
    assert len(read_.images) == len(read_.content) == len(read_.perceptual) == 3
    reasons = {each.path: each.reason for each in read_.unreadable}
    assert set(reasons) == {"1", "3", "4", "5", "6"}
    assert "not an image" in reasons["1"]
    assert reasons["3"] == "No such file or directory"
    assert reasons["4"] == reasons["5"] == "not a regular file"
    assert reasons["6"] == "the file is empty"


def test_encoded_images_read_like_an_array(paths, tmp_path):
    whole, lazy = read(paths), read(paths, max_decoded=0, scratch=tmp_path)
    images = lazy.images
    assert (images.shape, images.dtype, images.ndim, len(images)) == (whole.images.shape, np.uint8, 4, 150)
    assert images.size == whole.images.size
    chosen = np.array([5, 149, 5])
    for which in (3, slice(10, 20), chosen, chosen[:0], np.arange(150) < 7):
        np.testing.assert_array_equal(images[which], whole.images[which])
    np.testing.assert_array_equal(images.subset(chosen)[1:], whole.images[chosen][1:])
    np.testing.assert_array_equal(np.stack(list(images.subset(chosen))), whole.images[chosen])
    np.testing.assert_array_equal(lazy.content, whole.content)
    np.testing.assert_array_equal(lazy.perceptual, whole.perceptual)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("channels", [1, 3])
def test_large_files_are_kept_as_the_png_of_their_pixels(tmp_path, channels):
    values = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    path = tmp_path / "large.png"
    Image.fromarray(values).save(path)
    transform = ImageTransform(8, 8, channels, "pad", "#102030")
    lazy = read([path], transform, 0, tmp_path).images
    np.testing.assert_array_equal(lazy[0], transform.decode(path.read_bytes()).pixels)
    assert lazy.nbytes < path.stat().st_size / 10


def test_small_files_are_kept_as_they_are(tmp_path):
    content = encoded(0, "JPEG", (400, 400))
    transform = ImageTransform(400, 400, 3, "crop", "#ffffff")
    images = read([content, content], transform, 0, tmp_path).images
    assert images.content.values.tobytes() == 2 * content


def test_the_digest_tells_content_order_and_transform(paths, tmp_path):
    images = read(paths[:4], max_decoded=0, scratch=tmp_path).images
    again = read(paths[:4], max_decoded=0, scratch=tmp_path).images
    assert images.digest == again.digest
    grey = read(paths[:4], ImageTransform(10, 12, 1, "stretch", "#ffffff"), 0, tmp_path).images
    others = [images.subset(np.array([1, 0, 2, 3])), images.subset(np.array([0, 1])), grey]
    assert len({each.digest for each in [images, *others]}) == 4


def test_an_interruption_ends_the_threads(paths):
    def contents():
        yield from paths[:100]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_images(contents(), list(map(str, paths)), TRANSFORM, 10**9, None)
