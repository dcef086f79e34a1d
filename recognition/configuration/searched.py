"""The values that section `calibrate` accepts, beyond plain types: each with the words that messages describe it by."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from recognition.configuration.values import shortened

BATCHES = "a list of up to 20 different batch sizes, such as [64, 128, 256]"
RANGE = "[fewest, most], such as [2, 5]"
LARGEST_BATCH, MOST_EPOCHS, MOST_CHOICES = 1_000_000, 10_000, 20


def _batch_sizes(value: Any) -> tuple[int, ...]:
    sizes = list(value) if isinstance(value, list | tuple) else []
    whole = all(_is_whole(size, LARGEST_BATCH) for size in sizes)
    if whole and 0 < len(set(sizes)) == len(sizes) <= MOST_CHOICES:
        return tuple(sorted(sizes))
    raise ValueError(f"received {shortened(value)}; expected {BATCHES}")


def _epoch_range(value: Any) -> tuple[int, int]:
    if isinstance(value, list | tuple) and len(value) == 2 and all(_is_whole(epochs, MOST_EPOCHS) for epochs in value):
        fewest, most = value
        if fewest <= most:
            return fewest, most
    raise ValueError(f"received {shortened(value)}; expected {RANGE}")


def _is_whole(value: Any, most: int) -> bool:
    return type(value) is int and 1 <= value <= most


BatchSizes = Annotated[
    tuple[int, ...], PlainValidator(_batch_sizes), WithJsonSchema({"type": "array", "words": BATCHES})
]
EpochRange = Annotated[tuple[int, int], PlainValidator(_epoch_range), WithJsonSchema({"type": "array", "words": RANGE})]
