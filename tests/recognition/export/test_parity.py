import numpy as np
import pytest

from recognition.errors import RecognitionError
from recognition.export.parity import check_parity, size_of

IMAGES = np.arange(4, dtype=np.uint8).reshape(4, 1, 1, 1)
LABELS = np.array([0, 0, 1, 1], np.int32)


def answering(*probabilities):
    """A runner that gives the image of value i the i-th of these probabilities of class 1."""
    second = np.array(probabilities, np.float32)
    return lambda images: np.stack([1 - second, second], axis=1)[images.reshape(-1)]


@pytest.fixture
def files(tmp_path):
    (tmp_path / "before").write_bytes(b"12345")
    (tmp_path / "after").mkdir()
    (tmp_path / "after" / "weights").write_bytes(b"123")
    return tmp_path / "before", tmp_path / "after"


def test_the_figures(files):
    runners = answering(0.25, 0.25, 0.75, 0.25), answering(0.25, 0.5, 0.625, 0.75)
    parity = check_parity(runners, files, IMAGES, LABELS, 0.5)
    assert parity.images == 4
    assert parity.largest_difference == 0.5
    assert parity.mean_difference == pytest.approx((0 + 0.25 + 0.125 + 0.5) / 4)
    assert parity.agreement == 0.75
    assert (parity.accuracy_registered, parity.accuracy) == (0.75, 1.0)
    assert (parity.bytes_registered, parity.bytes) == (5, 3)
    assert parity.latency_ms > 0


@pytest.mark.parametrize("off", [0.5, float("nan")])
def test_a_difference_beyond_the_tolerance_is_an_error(files, off):
    with pytest.raises(RecognitionError, match=r"expected: 0\.1 at most"):
        check_parity((answering(0, 0, 0, 0), answering(0, 0, 0, off)), files, IMAGES, LABELS, 0.1)


def test_the_size_of_a_folder_is_that_of_its_files(files):
    assert [size_of(path) for path in files] == [5, 3]
