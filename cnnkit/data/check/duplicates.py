"""Pictures that occur more than once, bit for bit or nearly, without comparing each with each in Python.

The hash: the 63 lowest frequencies of a 32x32 thumbnail's cosine transform, but the mean, each above or below their
median. Two hashes that differ in at most k bits agree in at least one of k + 1 bands, so only pictures that share a
band are compared; what the hash pairs is compared again, thumbnail with thumbnail.

Source: the hash after Zauner 2010, Implementation and Benchmarking of Perceptual Image Hash Functions, chapter 3.
"""

import itertools
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from cnnkit.data.sample import Pixels

BITS = 63
# Correlation of two thumbnails from which on the pictures are called nearly the same, and the bits that their hashes
# may differ in: for pictures full of detail, and for those on flat paper, where two digits of one kind reach 0.99.
DETAILED, PLAIN = (0.97, 8), (0.995, 3)
# A plain picture has half of its thumbnail within so many levels of one grey.
PAPER_WIDTH = 8
# A thumbnail of less contrast, in levels, holds nothing to compare: blank sheets are all alike.
LEAST_CONTRAST = 4.0
# Hashes compared in one step: 2000 x 2000 of them take 32 MB.
BLOCK = 2000

Hashes = npt.NDArray[np.uint64]
Pairs = npt.NDArray[np.int64]


def exact_groups(keys: Sequence[Hashable]) -> list[list[int]]:
    """The indices that share a key, for each key that occurs more than once, in the order of their first."""
    found: dict[Hashable, list[int]] = {}
    for index, key in enumerate(keys):
        found.setdefault(key, []).append(index)
    return [group for group in found.values() if len(group) > 1]


def near_groups(thumbs: Pixels) -> list[list[int]]:
    """Groups of indices whose thumbnails, uint8 (n, 32, 32), nearly agree; chains of such pairs are one group.

    Exact copies should be represented by one of them: a thousand copies make half a million pairs.
    """
    plain, contrast = _plainness(thumbs)
    group = np.arange(len(thumbs))  # the first picture that each is linked to so far
    for kind, (correlation, bits) in ((~plain, DETAILED), (plain, PLAIN)):
        members = np.flatnonzero(kind & (contrast >= LEAST_CONTRAST))
        for pairs in _close(perceptual_hashes(thumbs[members]), bits):
            for i in range(0, len(pairs), BLOCK):
                a, b = members[pairs[i : i + BLOCK]].T
                apart = group[a] != group[b]  # frames of one camera are linked soon, and then compared no more
                a, b = a[apart], b[apart]
                alike = _correlation(thumbs, a, b) >= correlation
                _link(group, a[alike], b[alike])
    return exact_groups(group.tolist())


def perceptual_hashes(thumbs: Pixels) -> Hashes:
    """(n,) uint64, 63 bits of each thumbnail."""
    side = thumbs.shape[1]
    k, x = np.arange(8)[:, None], np.arange(side)[None]
    basis = np.cos(np.pi * (2 * x + 1) * k / (2 * side))  # the cosine transform, its scale left out: only signs count
    hashes = np.empty(len(thumbs), np.uint64)
    for i in range(0, len(thumbs), BLOCK):
        waves = _transform(basis, thumbs[i : i + BLOCK].astype(np.float64)).reshape(-1, 64)[:, 1:]
        bits = waves > np.median(waves, axis=1, keepdims=True)
        hashes[i : i + BLOCK] = (bits.astype(np.uint64) << np.arange(BITS, dtype=np.uint64)).sum(
            axis=1, dtype=np.uint64
        )
    return hashes


def _transform(basis: npt.NDArray[np.float64], thumbs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n, 32, 32) -> (n, 8, 8), the low frequencies: one axis after the other, term by term.

    Thumbnails stand last meanwhile, so that each step goes through many of them at once.
    """
    values = np.ascontiguousarray(thumbs.transpose(1, 2, 0))  # (H, W, n)
    for _ in range(2):
        low = np.zeros((len(basis), *values.shape[1:]))
        for k, waves in enumerate(basis):
            for x, wave in enumerate(waves):
                low[k] += values[x] * wave
        values = np.ascontiguousarray(low.swapaxes(0, 1))  # (H, W, n) -> (W, 8, n): the next turn takes the other axis
    return values.transpose(2, 0, 1)


def _plainness(thumbs: Pixels) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Which thumbnails are mostly flat paper, and the standard deviation of each, in levels."""
    plain, contrast = np.zeros(len(thumbs), bool), np.zeros(len(thumbs))
    for i in range(0, len(thumbs), BLOCK):
        levels = thumbs[i : i + BLOCK].reshape(-1, thumbs.shape[1] * thumbs.shape[2]).astype(np.int64)
        own = np.arange(len(levels))[:, None]
        counts = np.bincount((256 * own + levels).ravel(), minlength=256 * len(levels)).reshape(-1, 256)
        paper = counts.argmax(axis=1)[:, None]
        plain[i : i + BLOCK] = (np.abs(levels - paper) <= PAPER_WIDTH).mean(axis=1) >= 0.5
        contrast[i : i + BLOCK] = levels.std(axis=1)
    return plain, contrast


def _close(hashes: Hashes, bits: int) -> Iterator[Pairs]:
    """Blocks of pairs (a < b) whose hashes differ in at most so many bits, each pair once."""
    ends = [BITS * band // (bits + 1) for band in range(bits + 2)]
    masks = [np.uint64((1 << end) - (1 << start)) for start, end in itertools.pairwise(ends)]
    for number, mask in enumerate(masks):
        band = hashes & mask
        order = np.argsort(band, kind="stable")
        starts = np.flatnonzero(np.diff(band[order], prepend=~mask)) if len(order) else order
        for bucket in np.split(order, starts[1:]):
            for rows, columns in _blocks(bucket):
                differ = hashes[rows][:, None] ^ hashes[columns]
                near = np.bitwise_count(differ) <= bits
                near &= rows[:, None] < columns
                for earlier in masks[:number]:  # a pair that shares an earlier band was found there
                    near &= (differ & earlier) != 0
                a, b = np.nonzero(near)
                if len(a):
                    yield np.stack([rows[a], columns[b]], axis=1)


def _blocks(bucket: Pairs) -> Iterator[tuple[Pairs, Pairs]]:
    """Every pair of a sorted bucket, as (rows, columns) of a bounded size."""
    for i in range(0, len(bucket), BLOCK):
        for j in range(i, len(bucket), BLOCK):
            if len(bucket) > 1:
                yield bucket[i : i + BLOCK], bucket[j : j + BLOCK]


def _correlation(thumbs: Pixels, a: Pairs, b: Pairs) -> npt.NDArray[np.float32]:
    """Of the thumbnails of each pair: 1 where they differ in brightness and contrast only."""
    first, second = _standardised(thumbs[a]), _standardised(thumbs[b])
    products: npt.NDArray[np.float32] = (first * second).mean(axis=1)
    return products


def _standardised(thumbs: Pixels) -> npt.NDArray[np.float32]:
    flat = thumbs.reshape(len(thumbs), thumbs.shape[1] * thumbs.shape[2]).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= flat.std(axis=1, keepdims=True)
    return flat


def _link(group: Pairs, a: Pairs, b: Pairs) -> None:
    """Make one group of the groups of each pair, in place; a group is called by its first member."""
    for first, second in zip(a.tolist(), b.tolist(), strict=True):
        low, high = sorted((int(group[first]), int(group[second])))
        if low != high:
            group[group == high] = low
