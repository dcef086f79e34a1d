"""YAML as a configuration needs it: strict, bounded, and every key knows its line.

Plain values follow the YAML 1.2 core schema, not PyYAML's 1.1: `1e-3` is a number, `yes`, `on` and `1:30` are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml

from recognition.configuration.wording import KeyPath, dotted, shown
from recognition.errors import InputError

MAX_DEPTH = 20
MAX_DIGITS = 100
INTEGER = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
FLOAT = re.compile(
    r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
)
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_EXPECTED = (  # part of PyYAML's sentence, ours
    ("expected ',' or", "a comma or the closing bracket"),
    ("expected <block end>", "the keys of a section in one column"),
    ("mapping values are not allowed", 'one "key: value" a line, the keys of a section in one column'),
    ("could not find expected ':'", 'a colon and a space after the key, as in "epochs: 3"'),
    ("cannot start any token", "quotes around a value that starts with this character"),
    ("found unexpected end of stream", "a closing quote"),
)


@dataclass(frozen=True)
class Document:
    """A YAML value, and where each of its keys was written.

    Attributes:
        value: Mappings, lists and plain values.
        origins: The place of each key by its path, such as "train.yaml:7"; that of the whole under ().
    """

    value: object
    origins: dict[KeyPath, str]


def parse_yaml(text: str, origin: str, place: Callable[[int], str]) -> Document:
    """Parse one YAML document.

    Args:
        text: The document.
        origin: What the document is, for messages.
        place: Makes the place to name in messages from a line number, which counts from 1.

    Raises:
        InputError: If the text is not the YAML that a configuration needs.
    """
    try:
        composer = _Composer(text, place)
        value = composer.document()
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, place) from None
    return Document(value, {(): origin, **composer.origins})


class _Composer:
    """Builds values from PyYAML's events, so that nothing is constructed that was not asked for."""

    def __init__(self, text: str, place: Callable[[int], str]) -> None:
        self.origins: dict[KeyPath, str] = {}
        self._place = place
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)

    def document(self) -> object:
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events), ())
        next(self._events)  # the document's end
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._error(event, "a second document begins here", "one document in a file")
        return value

    def _value(self, event: yaml.Event, path: KeyPath) -> object:
        self._refuse(event)
        if len(path) > MAX_DEPTH:
            raise self._error(event, "sections are nested too deeply", f"at most {MAX_DEPTH} levels")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(path)
        assert isinstance(event, yaml.ScalarEvent)
        return self._scalar(event)

    def _refuse(self, event: yaml.Event) -> None:
        if getattr(event, "anchor", None) is not None:
            raise self._error(event, "anchors and aliases (& and *) are not allowed", "the value written out")
        if (tag := getattr(event, "tag", None)) is not None:
            tag = str(tag).replace("tag:yaml.org,2002:", "!!")
            raise self._error(event, f"the tag {shown(tag)} is not allowed", "a plain value")

    def _mapping(self, path: KeyPath) -> dict[str, object]:
        found: dict[str, object] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event)
            if key in found:
                problem = f"the key {dotted((*path, key))} stands here and in line {lines[key]}"
                raise self._error(event, problem, "each key once")
            lines[key] = _line(event)
            self.origins[(*path, key)] = self._place(lines[key])
            found[key] = self._value(next(self._events), (*path, key))
        return found

    def _key(self, event: yaml.Event) -> str:
        self._refuse(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._error(event, "a list or a mapping stands where a key belongs", "a name and a colon")
        if event.value == "<<" and event.implicit[0]:
            raise self._error(event, "merge keys (<<) are not allowed", "the keys written out")
        return str(event.value)

    def _list(self, path: KeyPath) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            found.append(self._value(event, (*path, str(len(found)))))
        return found

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        text = str(event.value)
        plain = event.implicit[0]
        if not plain:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        number = next((kind for kind in (INTEGER, FLOAT) if kind.match(text)), None)
        if number and len(text) > MAX_DIGITS:
            raise self._error(event, "a number is too long", f"at most {MAX_DIGITS} digits")
        return text if number is None else _integer(text) if number is INTEGER else _float(text)

    def _error(self, event: yaml.Event, problem: str, expected: str) -> InputError:
        return InputError(f"{self._place(_line(event))}: {problem}", expected=expected)


def _line(event: yaml.Event) -> int:
    assert event.start_mark is not None
    return event.start_mark.line + 1


def _integer(text: str) -> int:
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _float(text: str) -> float:
    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))


def _syntax_error(error: yaml.YAMLError, text: str, place: Callable[[int], str]) -> InputError:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        number = text.count("\n", 0, getattr(error, "position", 0)) + 1
        return InputError(f"{place(number)}: a character stands here that YAML does not allow", expected="plain text")
    problem, begin = error.problem or "", error.context_mark or error.problem_mark
    mark = begin if "could not find expected ':'" in problem else error.problem_mark  # else a line late
    number = mark.line + 1
    line = next(iter(text.split("\n")[number - 1 : number]), "")
    if r"'\t'" in problem:
        return InputError(f"{place(number)}: a tab stands here", received=shown(line), expected="spaces")
    received = shown(line.strip()) if line.strip() else "the end of the text"
    expected = next((ours for theirs, ours in _EXPECTED if theirs in problem), f"YAML ({problem})")
    expected += f", for what begins in line {begin.line + 1}" if begin.line != mark.line else ""
    return InputError(f"{place(number)}: not valid YAML", received=received, expected=expected)
