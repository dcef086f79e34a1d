"""Images that look alike, and pictures under two labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.data.dataset import SPLITS, Split
from recognition.data.encoded_images import Images
from recognition.data.findings import Findings, Kind, Place, SuspiciousPair, Unreadable
from recognition.data.perceptual import BATCH, confirm_pairs, near_pairs, perceptual_hashes

TOLD = 200  # pairs of a kind; the counts tell of more


def find_pairs(
    images: Images,
    content: NDArray[np.uint64],
    labels: NDArray[np.int32],
    perceptual: NDArray[np.uint64],
    places: Sequence[Place | None],
    unreadable: Sequence[Unreadable] = (),
) -> Findings:
    """Look for pictures under two labels and for near duplicates.

    Args:
        images: uint8, (n, height, width, channels).
        content: Content hash of each, uint64, (n,).
        labels: int32, (n,).
        perceptual: Perceptual hash of each, uint64, (n,).
        places: Where each image is in the data set; None where it is left out.
        unreadable: Files that could not be read, to be told with the pairs.
    """
    left_out = np.array([place is None for place in places])
    twice = _with_two_labels(content, labels)
    near = near_pairs(perceptual)
    near = near[content[near[:, 0]] != content[near[:, 1]]]
    near = near[confirm_pairs(images, near)]
    twice, near = (pairs[~left_out[pairs].any(axis=1)] for pairs in (twice, near))
    sides = np.array([place.side if place else "" for place in places])
    across = sides[near[:, 0]] != sides[near[:, 1]]
    near = near[np.argsort(~across, kind="stable")]
    return Findings(
        unreadable=tuple(unreadable),
        pairs=(*_located("two labels", twice[:TOLD], places), *_located("near duplicate", near[:TOLD], places)),
        counts={"two labels": len(twice), "near duplicate": len(near), "across sides": int(across.sum())},
        near=Counter("/".join(_in_order(sides[pair])) for pair in near),
    )


def look_through(splits: Mapping[str, Split]) -> Findings:
    """Look for pairs among images that were published as arrays, as `find_pairs` does among files.

    Args:
        splits: The sides by name; their arrays may be memory-mapped, and are read once, in blocks.
    """
    content = np.concatenate([split.hashes for split in splits.values()])
    labels = np.concatenate([split.labels for split in splits.values()])
    perceptual = np.concatenate([hashes for split in splits.values() for hashes in _hashed(split.images)])
    places = [Place(side, number) for side, split in splits.items() for number in range(len(split))]
    involved = np.union1d(near_pairs(perceptual), _with_two_labels(content, labels))
    chosen = [places[index] for index in involved.tolist()]
    if not chosen:
        return find_pairs(np.empty((0, 1, 1, 1), np.uint8), content[:0], labels[:0], perceptual[:0], ())
    images = np.stack([splits[place.side].images[place.number] for place in chosen])
    return find_pairs(images, content[involved], labels[involved], perceptual[involved], chosen)


def _hashed(images: Images) -> Iterator[NDArray[np.uint64]]:
    return (perceptual_hashes(images[start : start + BATCH]) for start in range(0, len(images), BATCH))


def _in_order(sides: NDArray[np.str_]) -> list[str]:
    """One side or two, as `SPLITS` has them."""
    return sorted(set(sides.tolist()), key=SPLITS.index)


def _with_two_labels(content: NDArray[np.uint64], labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """Neighbours in (content, label) order that differ in the label only: int64, (m, 2)."""
    order = np.lexsort((labels, content))
    one, other = order[:-1], order[1:]
    chosen = (content[one] == content[other]) & (labels[one] != labels[other])
    return np.stack([one[chosen], other[chosen]], axis=1).astype(np.int64)


def _located(kind: Kind, pairs: NDArray[np.int64], places: Sequence[Place | None]) -> list[SuspiciousPair]:
    found = [(places[one], places[other]) for one, other in pairs.tolist()]
    return [SuspiciousPair(kind, first, second) for first, second in found if first and second]
