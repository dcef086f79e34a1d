from pathlib import Path

from recognition.configuration.keys import all_keys
from recognition.configuration.reference import describe

_PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_page_is_up_to_date() -> None:
    hint = "run python -m recognition.configuration.reference > docs/configuration.md"
    assert _PAGE.read_text(encoding="utf-8") == describe(), hint


def test_every_key_has_a_row() -> None:
    rows = [line.split("`")[1] for line in describe().splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(".".join(path) for path in all_keys() if len(path) > 1)


def test_a_row() -> None:
    row = "| `train.epochs` | a whole number from 1 to 10000 | `1` | passes over the training images |"
    assert row in describe().splitlines()
