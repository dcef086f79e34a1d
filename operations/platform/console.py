"""What a run says on the terminal: plain lines."""

from __future__ import annotations

from collections.abc import Sequence

PLAIN_INTERVAL = 30.0  # seconds between progress lines where no bar can be drawn


def echo(text: str = "") -> None:
    """Print a line at once; inside a step it also goes to the step's log."""
    print(text, flush=True)  # noqa: T201


def count(number: int, word: str) -> str:
    """A number and a word in singular or plural."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def render_lines(head: str, lines: Sequence[tuple[str, str]]) -> str:
    """A heading, and names and texts in two columns."""
    width = max(len(name) for name, _ in lines) + 1
    return "\n".join([head, *(f"  {name:<{width}}{text}" for name, text in lines)])
