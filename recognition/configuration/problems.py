"""The schema's findings, told to people: where, which key, what was received, what is expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from recognition.configuration.keys import all_keys, suggest
from recognition.configuration.nearest import nearest
from recognition.configuration.section import ContradictionError
from recognition.configuration.wording import KeyPath, dotted, shown
from recognition.configuration.yaml_text import Document
from recognition.errors import InputError

_SHOWN = 4
_KINDS = (  # how the schema's name of a finding begins, ours
    ("greater_than", "is out of range"),
    ("less_than", "is out of range"),
    ("finite_number", "is not a finite number"),
    ("literal_error", "is none of its choices"),
    ("value_error", "is none of its choices"),
    ("int_type", "is not written as a whole number"),
    ("float_type", "is not a number"),
    ("bool_type", "is neither true nor false"),
    ("string_type", "is not text"),
    ("model_type", "is not a section"),
    ("string_too_long", "is too long"),
)


@dataclass(frozen=True)
class Problem:
    """One finding, in the parts of an error message."""

    sentence: str
    received: str = ""
    expected: str = ""
    remedy: str = ""

    def line(self) -> str:
        """The finding in one line."""
        details = (("received ", self.received), ("expected ", self.expected), ("", self.remedy))
        return "; ".join([self.sentence, *(name + text for name, text in details if text)])


def explain(error: ValidationError, document: Document, prefix: str = "") -> InputError:
    """One message of at most ten lines for all findings.

    Args:
        error: What the schema found.
        document: What was validated, with the places of its keys.
        prefix: Stands before each finding, after its place.
    """
    order = {path: index for index, path in enumerate(document.origins)}
    details = sorted(error.errors(include_url=False), key=lambda detail: order[_written(_path(detail), document)])
    problems = [_problem(detail, document, prefix) for detail in details[:_SHOWN]]
    if len(details) == 1:
        only = problems[0]
        return InputError(only.sentence, received=only.received, expected=only.expected, remedy=only.remedy)
    lines = [f"  {problem.line()}" for problem in problems]
    more = [f"  … and {len(details) - _SHOWN} more"] if len(details) > _SHOWN else []
    return InputError("\n".join([f"{document.origins[()]}: {len(details)} errors", *lines, *more]))


def explain_contradiction(error: ContradictionError, document: Document) -> InputError:
    """The message of keys that exclude each other, dotted from the top, with the place of the first that was written.

    Args:
        error: What was found.
        document: What was read, with the places of its keys.
    """
    return InputError(f"{_contradiction(error.keys, (), document)}: {error}")


def _problem(detail: ErrorDetails, document: Document, prefix: str) -> Problem:
    path = _path(detail)
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, ContradictionError):
        return Problem(f"{_contradiction(cause.keys, path, document)}: {prefix}{cause}")
    start = f"{_place(path, document)}: {prefix}"
    if detail["type"] == "extra_forbidden":
        return _unknown(start, path, detail["input"])
    key = all_keys()[path]
    if cause and not key.choices:
        return Problem(f"{start}{cause}")
    if detail["type"] == "missing":
        return Problem(f"{start}{dotted(path)} is missing", expected=key.expected)
    kind = next((ours for theirs, ours in _KINDS if detail["type"].startswith(theirs)), "is not valid")
    near = nearest(str(detail["input"]), key.choices)
    return Problem(f"{start}{dotted(path)} {kind}", shown(detail["input"]), key.expected, _did_you_mean(near or ""))


def _unknown(start: str, path: KeyPath, received: object) -> Problem:
    near = suggest(path)
    children = ", ".join(all_keys()[path[:-1]].children)
    expected = "" if near else f"one of {children}"
    text = shown(received) if not isinstance(received, dict) else ""
    return Problem(f"{start}unknown key {dotted(path)}", text, expected, _did_you_mean(near))


def _contradiction(keys: Sequence[str], section: KeyPath, document: Document) -> str:
    places = [_place(path, document) for path in [*((*section, *key.split(".")) for key in keys), section]]
    return next((text for text in places if text.startswith("--set ")), places[0])


def _path(detail: ErrorDetails) -> KeyPath:
    return tuple(map(str, detail["loc"]))


def _written(path: KeyPath, document: Document) -> KeyPath:
    while path not in document.origins:
        path = path[:-1]  # the section around a key that was not written
    return path


def _place(path: KeyPath, document: Document) -> str:
    return document.origins[_written(path, document)]


def _did_you_mean(near: str) -> str:
    return f"did you mean {near}?" if near else ""
