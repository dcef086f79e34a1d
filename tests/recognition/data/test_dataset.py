import numpy as np

from recognition.data.dataset import Split, array_digest, image_hashes

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 2, 3, 1), dtype=np.uint8)


def test_equal_images_have_equal_hashes():
    repeated = np.concatenate([IMAGES, IMAGES[:1]])
    hashes = image_hashes(repeated)
    assert hashes.dtype == np.uint64
    assert hashes[4] == hashes[0]
    assert len(np.unique(hashes)) == 4


def test_take_keeps_images_labels_hashes_and_paths_together():
    split = Split(IMAGES, np.arange(4, dtype=np.int32), image_hashes(IMAGES), ("a", "b", "c", "d"))
    taken = split.take(np.array([3, 1]))
    assert taken.labels.tolist() == [3, 1]
    assert taken.paths == ("d", "b")
    np.testing.assert_array_equal(taken.images, IMAGES[[3, 1]])
    np.testing.assert_array_equal(taken.hashes, image_hashes(taken.images))


def test_counts_cover_classes_without_images():
    split = Split(IMAGES, np.array([0, 0, 2, 2], dtype=np.int32), image_hashes(IMAGES))
    assert split.counts(4).tolist() == [2, 0, 2, 0]


def test_array_digest_sees_content_shape_and_type_but_not_layout():
    digest = array_digest(IMAGES)
    assert digest == array_digest(np.asfortranarray(IMAGES))
    others = (IMAGES + 1, IMAGES.reshape(4, 3, 2, 1), IMAGES.view(np.int8))
    assert digest not in {array_digest(other) for other in others}
