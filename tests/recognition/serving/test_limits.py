import pytest

from recognition.errors import InputError
from recognition.serving.limits import Limits


def test_a_full_request_fits_the_queue():
    assert Limits(files=8, queue=8).files == 8
    with pytest.raises(InputError, match="--queue 9"):
        Limits(files=9, queue=8)


def test_a_limit_that_would_not_be_kept_is_refused():
    with pytest.raises(InputError, match="89 or fewer"):
        Limits(pixels=90_000_000)
