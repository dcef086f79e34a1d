import numpy as np
import pytest
from PIL import Image

from recognition.data.image_transform import ImageTransform
from recognition.errors import InputError
from recognition.export.check_images import evenly, images_of_folder, images_of_split
from tests.recognition.evaluation.samples import split_of

TRANSFORM = ImageTransform(8, 8, 3, "crop", "#ffffff")
CLASSES = ("bee", "ant")


@pytest.fixture
def photos(tmp_path):
    for name, level in (("ant", 10), ("bee", 200)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for i in range(4):
            Image.new("RGB", (20, 10), (level + i,) * 3).save(tmp_path / "photos" / name / f"{i}.png")
    return tmp_path / "photos"


def test_they_are_spread_evenly():
    assert evenly(10, 4).tolist() == [0, 3, 6, 9]
    assert evenly(3, 1_000).tolist() == [0, 1, 2]


def test_of_a_split():
    split = split_of([0, 1] * 5)
    images, labels = images_of_split(split, 4)
    np.testing.assert_array_equal(images, split.images[[0, 3, 6, 9]])
    assert labels.tolist() == split.labels[[0, 3, 6, 9]].tolist()


def test_of_a_folder_with_the_models_numbers_of_the_classes(photos):
    images, labels = images_of_folder(photos, CLASSES, TRANSFORM, 2)
    assert images.shape == (2, 8, 8, 3)
    assert labels.tolist() == [1, 0]
    assert images[:, 0, 0, 0].tolist() == [10, 203]


def test_where_a_folder_has_sides_the_test_images_count(photos):
    for side in ("train", "test"):
        (photos.parent / "sides" / side).mkdir(parents=True)
        for name in CLASSES:
            (photos.parent / "sides" / side / name).symlink_to(photos / name)
    (photos / "bee" / "0.png").unlink()
    assert len(images_of_folder(photos.parent / "sides", CLASSES, TRANSFORM, 100)[1]) == 7


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda root: (root / "ant").rename(root / "wasp"), "none of the model's classes"),
        (lambda root: (root / "ant" / "0.png").write_bytes(b"text"), "cannot be read"),
        (lambda root: root.rename(root.parent / "elsewhere"), "names no folder"),
    ],
)
def test_what_cannot_be_used_is_refused(photos, spoil, told):
    spoil(photos)
    with pytest.raises(InputError, match=told):
        images_of_folder(photos, CLASSES, TRANSFORM, 10)
