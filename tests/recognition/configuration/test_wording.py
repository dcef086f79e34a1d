import pytest

from recognition.configuration.wording import dotted, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("3", '"3"'),
        (3, "3"),
        (None, "null"),
        (True, "true"),
        ("é", '"é"'),
        ("a\nb", r'"a\nb"'),
        ("\ud800", r'"\ud800"'),
        ("\x1b[31m", r'"\u001b[31m"'),
    ],
)
def test_values_are_shown_in_one_printable_line(value: object, text: str) -> None:
    assert shown(value) == text


def test_long_values_are_cut() -> None:
    assert shown("a" * 1000, longest=10) == '"aaaaaaaaa…'


@pytest.mark.parametrize(
    ("path", "text"), [(("train", "epochs"), "train.epochs"), (("a\nb",), r'"a\nb"'), (("",), '""')]
)
def test_key_paths_are_dotted(path: tuple[str, ...], text: str) -> None:
    assert dotted(path) == text
