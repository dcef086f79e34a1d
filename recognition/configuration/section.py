"""What every section of a configuration is: strict, and frozen once loaded."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ContradictionError(ValueError):
    """Keys of one section exclude each other.

    Args:
        message: A sentence that names the keys, their values and the way out.
        keys: The keys' names within the section; the first is one that was set.
    """

    def __init__(self, message: str, *keys: str) -> None:
        super().__init__(message)
        self.keys = keys


class Section(BaseModel):
    """A section: unknown keys and wrong types are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
