import pytest

from recognition.configuration.nearest import nearest


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("epoch", "epochs"),
        ("Batch-Size", "batch_size"),
        ("batchsize", "batch_size"),
        ("EPOCHS", "epochs"),
        ("colour", None),
        ("", None),
        ("e" * 100_000, None),
    ],
)
def test_nearest(word: str, found: str | None) -> None:
    assert nearest(word, ["epochs", "batch_size", "momentum"]) == found


def test_no_options() -> None:
    assert nearest("epochs", []) is None
