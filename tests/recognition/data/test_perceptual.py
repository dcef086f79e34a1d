import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from sklearn.datasets import load_sample_images

from recognition.data.cifar100 import read_cifar100
from recognition.data.perceptual import DISTANCE, confirm_pairs, near_pairs, perceptual_hashes

SIDE = 64


@pytest.fixture(scope="module")
def crops():
    """Parts of two photographs that do not overlap."""
    photographs = [Image.fromarray(image) for image in load_sample_images().images]
    places = [(left, top) for top in range(8, 360, SIDE) for left in range(8, 560, SIDE)]
    parts = [image.crop((left, top, left + SIDE, top + SIDE)) for image in photographs for left, top in places]
    return [part for part in parts if np.asarray(part.convert("L")).std() > 20]  # clear sky has no twin but noise


def again(image, how):
    """The same picture, as it comes back from elsewhere."""
    if how == "jpeg":
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=60)
        return Image.open(buffer)
    if how == "resized":
        return image.resize((62, 62), Image.Resampling.BICUBIC).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    if how == "brighter":
        return ImageEnhance.Brightness(image).enhance(1.08)
    return image.crop((1, 1, SIDE - 1, SIDE - 1)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def arrays(images):
    return np.stack([np.asarray(image.convert("RGB")) for image in images])


def found(images):
    pairs = near_pairs(perceptual_hashes(images))
    return {tuple(pair) for pair in pairs[confirm_pairs(images, pairs)].tolist()}


@pytest.mark.parametrize("how", ["jpeg", "resized", "brighter", "cropped"])
def test_the_same_picture_again_is_found(crops, how):
    images = np.concatenate([arrays(crops), arrays([again(crop, how) for crop in crops])])
    twins = {(index, index + len(crops)) for index in range(len(crops))}
    assert len(found(images) & twins) >= (0.8 if how == "cropped" else 0.9) * len(twins)
    assert len(found(images) - twins) <= 0.02 * len(crops)


def test_different_parts_of_a_photograph_are_not_twins(crops):
    assert len(found(arrays(crops))) <= 0.02 * len(crops)


def test_real_data(cifar100_path):
    from recognition.configuration.sections.data import DataConfig
    from recognition.data.location import locate_cifar100

    images = read_cifar100(locate_cifar100(DataConfig(path=str(cifar100_path)), cifar100_path)).test.images
    pairs = found(images)
    assert 5 <= len(pairs) <= 60
    likeness = [np.corrcoef(images[one].ravel(), images[other].ravel())[0, 1] for one, other in pairs]
    assert np.median(likeness) > 0.8


def test_no_near_pair_of_hashes_is_missed():
    generator = np.random.default_rng(0)
    hashes = generator.integers(0, 2**64, 2_000, dtype=np.uint64)
    for place in range(1_000, 1_400):
        flipped = generator.choice(64, generator.integers(1, DISTANCE + 3), replace=False).astype(np.uint64)
        hashes[place] = hashes[place - 1_000] ^ np.bitwise_or.reduce(np.uint64(1) << flipped)
    distances = np.bitwise_count(hashes[:, np.newaxis] ^ hashes)
    expected = np.argwhere(np.triu(distances <= DISTANCE, 1))
    assert len(expected) > 200
    np.testing.assert_array_equal(near_pairs(hashes), expected)


def test_thousands_of_equal_hashes_make_a_chain():
    pairs = near_pairs(np.zeros(10_000, np.uint64))
    np.testing.assert_array_equal(pairs, np.stack([np.arange(9_999), np.arange(1, 10_000)], axis=1))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_images(count):
    pairs = near_pairs(np.arange(count, dtype=np.uint64))
    assert pairs.shape == (max(0, count - 1), 2)
    assert confirm_pairs(np.zeros((count, 8, 8, 3), np.uint8), pairs).tolist() == [False] * len(pairs)


@pytest.mark.parametrize("shape", [(2, 2, 1), (2, 3, 3), (7, 300, 1), (300, 7, 3), (8, 8, 3), (224, 224, 3)])
def test_any_shape(shape):
    images = np.random.default_rng(0).integers(0, 256, (5, *shape), np.uint8)
    hashes = perceptual_hashes(images)
    assert hashes.dtype == np.uint64
    np.testing.assert_array_equal(perceptual_hashes(images[2:4]), hashes[2:4])
    pairs = np.array([[0, 0], [1, 2]])
    assert confirm_pairs(images, pairs)[0]
