"""The nearest valid word to a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST_WORD = 100  # comparing takes quadratic time, and no name of ours is longer


def nearest(word: str, options: Iterable[str], likeness: float = 0.6) -> str | None:
    """The option most like a word, whatever its case and whether it has hyphens or underscores.

    Args:
        word: What was written.
        options: What could have been meant.
        likeness: Share of letters in common, at least; see `difflib.SequenceMatcher.ratio`.

    Returns:
        The nearest option, or None if none is near.

    Example:
        >>> nearest("Learning-Rates", ["learning_rate", "momentum"])
        'learning_rate'
    """
    by_form = {_form(option): option for option in options}
    matches = difflib.get_close_matches(_form(word[:_LONGEST_WORD]), by_form, n=1, cutoff=likeness)
    return by_form[matches[0]] if matches else None


def _form(word: str) -> str:
    return word.lower().replace("-", "_")
