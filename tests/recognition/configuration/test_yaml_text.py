import math

import pytest

from recognition.configuration.yaml_text import Document, parse_yaml
from recognition.errors import InputError


def parse(text: str) -> Document:
    return parse_yaml(text, "file", lambda line: f"file:{line}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        (".5", 0.5),
        ("1.", 1.0),
        ("+.5e1", 5.0),
        ("-.INF", -math.inf),
        ("3", 3),
        ("-3", -3),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("Null", None),
    ],
)
def test_plain_values_of_the_core_schema(text: str, value: object) -> None:
    found = parse(f"key: {text}").value
    assert found == {"key": value}
    assert isinstance(found, dict)
    assert type(found["key"]) is type(value)


def test_not_a_number() -> None:
    value = parse("[.nan]").value
    assert isinstance(value, list)
    assert math.isnan(value[0])


@pytest.mark.parametrize(
    "text", ["yes", "no", "on", "off", "y", "1:30", "1_000", "2018-01-01", "tRUE", "0b1", "1e", "=", "."]
)
def test_what_yaml_1_1_would_change_stays_text(text: str) -> None:
    assert parse(f"key: {text}").value == {"key": text}


@pytest.mark.parametrize("text", ["3", "true", "null", "1e-3", "<<"])
def test_quoted_values_are_text(text: str) -> None:
    assert parse(f"'{text}': \"{text}\"").value == {text: text}


def test_every_key_knows_its_line() -> None:
    text = (
        "# first\ntrain:\n  epochs: 3\ndata: {seed: 1,\n  fallback: {source: digits, train: {\n    epochs: 3}}}\n"
        "list: [{a: 1},\n {a: 2}]\n"
    )
    assert parse(text).origins == {
        (): "file",
        ("train",): "file:2",
        ("train", "epochs"): "file:3",
        ("data",): "file:4",
        ("data", "seed"): "file:4",
        ("data", "fallback"): "file:5",
        ("data", "fallback", "source"): "file:5",
        ("data", "fallback", "train"): "file:5",
        ("data", "fallback", "train", "epochs"): "file:6",
        ("list",): "file:7",
        ("list", "0", "a"): "file:7",
        ("list", "1", "a"): "file:8",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "file:3: the key a stands here and in line 1"),
        ("train:\n  epochs: 1\n  epochs: 1", "file:3: the key train.epochs stands here and in line 2"),
        ("train: {epochs: 1, epochs: 1}", "file:1: the key train.epochs stands here and in line 1"),
        ('a: 1\n"a": 2', "file:2: the key a stands here and in line 1"),
        ("train:\n\tepochs: 3", "file:2: a tab stands here"),
        ("train:\n  epochs: 3\n\tseed: 3", "file:3: a tab stands here"),
        ("train: {\n\tepochs: 3}", "file:2: a tab stands here"),
        ("a:\t3", "file:1: a tab stands here"),
        (
            "a: 1\nb: !!python/object/apply:os.system [ls]",
            'file:2: the tag "!!python/object/apply:os.system" is not allowed',
        ),
        ("a: !!python/name:os.system", 'file:1: the tag "!!python/name:os.system" is not allowed'),
        ("a: !mine {}", 'file:1: the tag "!mine" is not allowed'),
        ("a: !!str 3", 'file:1: the tag "!!str" is not allowed'),
        ("!x a: 3", 'file:1: the tag "!x" is not allowed'),
        ("a: &x 1", "file:1: anchors and aliases (& and *) are not allowed"),
        ("a: 1\nb: *x", "file:2: anchors and aliases (& and *) are not allowed"),
        ("b:\n  <<: {a: 1}", "file:2: merge keys (<<) are not allowed"),
        ("? [a]\n: 1", "file:1: a list or a mapping stands where a key belongs"),
        ("a: 1\n---\nb: 1", "file:2: a second document begins here"),
        ("a: 1\n---\n", "file:2: a second document begins here"),
        ("[" * 100_000, "file:1: sections are nested too deeply"),
        ("- " * 10_000, "file:1: sections are nested too deeply"),
        ("a: 1\nb: " + "9" * 5000, "file:2: a number is too long"),
        ("a: 0x" + "f" * 5000, "file:1: a number is too long"),
        ("a: 1\nb: \x07", "file:2: a character stands here that YAML does not allow"),
        ("a: \udcff", "file:1: a character stands here that YAML does not allow"),
    ],
)
def test_refused(text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert caught.value.problem == problem
    assert caught.value.expected


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    with pytest.raises(InputError, match="anchors and aliases"):
        parse(bomb)


@pytest.mark.parametrize(
    ("text", "place", "received", "expected"),
    [
        ("a: {b: 1\n", "file:2", "the end of the text", "closing bracket, for what begins in line 1"),
        ("a: [1, 2\nb: 1", "file:2", '"b: 1"', "closing bracket"),
        ("a:\n  b: 1\n c: 2", "file:3", '"c: 2"', "in one column"),
        ("a: 1\n  b: 2", "file:2", '"b: 2"', "in one column"),
        ("a: b: c", "file:1", '"a: b: c"', 'one "key: value" a line'),
        ("a: 1\nb\nc: 1", "file:2", '"b"', "a colon and a space"),
        ("a: 'b\n", "file:2", "the end of the text", "a closing quote"),
        ("a: @b", "file:1", '"a: @b"', "quotes"),
        ("}", "file:1", '"}"', "YAML"),
        ("%YAML 2.0\n---\na: 1", "file:1", '"%YAML 2.0"', "YAML"),
    ],
)
def test_syntax_errors_in_words(text: str, place: str, received: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert caught.value.problem == f"{place}: not valid YAML"
    assert caught.value.received == received
    assert expected in caught.value.expected


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "null"])
def test_nothing_is_null(text: str) -> None:
    assert parse(text).value is None
