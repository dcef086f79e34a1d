"""Near duplicates: perceptual hashes find candidates, the pictures' own edges confirm them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from recognition.data.encoded_images import Images

LOWEST = 8  # frequencies a side: 64 bits
SAMPLED = 48  # pixels a side, about, that frequencies are taken of; they are too low to need more
GREY = (0.299, 0.587, 0.114)
BANDS, BITS = 4, 16  # of a hash
DISTANCE = 7  # bits: two hashes that differ in no more differ in at most one bit of some band
CANDIDATES = 1_000_000  # pairs kept, so that memory stays bounded whatever the images
EDGES = 16  # pixels a side of the thumbnails whose edges are compared
LIKENESS = 0.88  # correlation of edges; of 150 pairs above 0.85 across train and test of CIFAR-100, 7 are false
BATCH = 512  # pairs compared at a time

Pairs = NDArray[np.int64]


def perceptual_hashes(images: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """A hash of 64 bits that changes little where an image changes little.

    Of green, which is most of what makes up grey, the 8×8 lowest frequencies of the discrete cosine transform, each
    above or below their median: the "pHash" of the imagehash library (J. Buchner), here for many images at once.

    Args:
        images: uint8, (n, height, width, 1 or 3), of any size.

    Returns:
        uint64, (n,).
    """
    step_down, step_across = (max(1, size // SAMPLED) for size in images.shape[1:3])
    sampled = images[:, ::step_down, ::step_across, images.shape[3] // 2].astype(np.float32)
    rows, columns = _frequencies(sampled.shape[1]), _frequencies(sampled.shape[2])
    # not by matrix multiplication, whose threads would get in the way of those that decode
    across = np.einsum("nhw,fw->nhf", sampled, columns)
    lowest = np.einsum("nhf,gh->ngf", across, rows).reshape(len(images), LOWEST * LOWEST)
    bits = lowest > np.median(lowest, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)


def near_pairs(hashes: NDArray[np.uint64]) -> Pairs:
    """Pairs of images whose hashes differ in at most DISTANCE bits.

    Among images of one hash, as flat ones may be by the thousand, each is paired with the next one only, and the first
    stands for all of them towards others. Of other pairs none is missed, up to CANDIDATES of them.

    By the pigeonhole principle two hashes at such a distance agree in one of four bands but for one bit, so that only
    those are compared (multi-index hashing: M. Norouzi et al., "Fast exact search in Hamming space with multi-index
    hashing", 2014).

    Args:
        hashes: uint64, (n,).

    Returns:
        int64, (m, 2), sorted, the smaller index first.
    """
    order = np.argsort(hashes, kind="stable")
    first = np.concatenate([[True], hashes[order][1:] != hashes[order][:-1]]) if len(order) else np.empty(0, bool)
    chained = np.stack([order[:-1], order[1:]], axis=1)[~first[1:]]
    representatives = order[first]
    found, count = [chained], 0
    for pairs in _candidates(hashes[representatives]):
        found.append(representatives[pairs])
        count += len(pairs)
        if count > CANDIDATES:
            break
    together = np.sort(np.concatenate(found), axis=1)
    return np.unique(together, axis=0) if len(together) else together.astype(np.int64)


def confirm_pairs(images: Images, pairs: Pairs) -> NDArray[np.bool_]:
    """Which pairs show the same scene: their edges correlate, whatever their brightness and colours.

    A picture saved again, resized or brightened is recognized; one whose border was cut by 3 % or more, mostly not.

    Args:
        images: uint8, (n, height, width, 1 or 3).
        pairs: int64, (m, 2), indices of images.

    Returns:
        bool, (m,); False where an image is flat.
    """
    parts = [pairs[start : start + BATCH] for start in range(0, len(pairs), BATCH)]
    likeness = [np.sum(_edges(images[part[:, 0]]) * _edges(images[part[:, 1]]), axis=1) for part in parts]
    return np.concatenate(likeness) >= LIKENESS if parts else np.empty(0, bool)


def _candidates(hashes: NDArray[np.uint64]) -> Iterator[Pairs]:
    """Pairs of different hashes within DISTANCE, some of them more than once."""
    for band in range(BANDS):
        keys = (hashes >> np.uint64(BITS * band) & np.uint64(2**BITS - 1)).astype(np.int64)
        order = np.argsort(keys, kind="stable")
        counts = np.bincount(keys, minlength=2**BITS)
        starts = np.cumsum(counts) - counts
        for flip in (0, *(1 << bit for bit in range(BITS))):
            partners = keys ^ flip
            lower = np.flatnonzero((keys <= partners) & (counts[partners] > 0))
            for some in np.array_split(lower, 1 + int(counts[partners[lower]].sum()) // CANDIDATES):
                pairs = _expanded(some, starts[partners[some]], counts[partners[some]], order)
                pairs = pairs[(flip > 0) | (pairs[:, 0] < pairs[:, 1])]
                yield pairs[np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]) <= DISTANCE]


def _expanded(ones: Pairs, starts: NDArray[np.int64], counts: NDArray[np.int64], order: NDArray[np.int64]) -> Pairs:
    """Each of `ones` with all of its bucket, which is `order[start : start + count]`."""
    ends = np.cumsum(counts)
    within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
    return np.stack([np.repeat(ones, counts), order[np.repeat(starts, counts) + within]], axis=1)


def _edges(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Differences of neighbours in a small grey thumbnail, of length 1: float32, (n, edges)."""
    grey = images.astype(np.float32) @ _grey(images.shape[3])
    rows, columns = (_averages(size) for size in grey.shape[1:])
    small = rows @ grey @ columns.T
    edges = [np.diff(small, axis=axis).reshape(len(images), -1) for axis in (1, 2)]
    flat = np.concatenate(edges, axis=1)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(flat, lengths, out=np.zeros_like(flat), where=lengths > 1)  # else rounding
    return unit


def _grey(channels: int) -> NDArray[np.float32]:
    return np.array(GREY if channels > 1 else (1.0,), np.float32)


@cache
def _frequencies(size: int) -> NDArray[np.float32]:
    """The lowest frequencies of `size` values as a matrix; images of fewer pixels are enlarged first."""
    from scipy.fft import dct

    points = max(size, LOWEST)
    nearest = np.minimum(np.arange(points) * size // points, size - 1)
    frequencies = np.asarray(dct(np.eye(points), axis=0, norm="ortho"), np.float32)[:LOWEST]
    return np.asarray(frequencies @ np.eye(size, dtype=np.float32)[nearest], np.float32)


@cache
def _averages(size: int) -> NDArray[np.float32]:
    """Averages over EDGES equal parts of `size` values, or over each value where there are fewer, as a matrix."""
    parts = min(size, EDGES)
    bounds = np.arange(parts + 1) * (size / parts)
    covered = np.clip(bounds[:, np.newaxis] - np.arange(size), 0, 1)
    return np.asarray(np.diff(covered, axis=0) * (parts / size), np.float32)
