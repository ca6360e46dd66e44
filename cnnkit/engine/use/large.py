"""What a network gives for images of any size, in bounded memory.

An image is computed whole where the network's maps of it fit, else in tiles. How far the network looks is found by a
walk through it (`models.reach`), and tiles overlap by that: then the outputs are those for the whole image. A network
that looks at the whole image, by a pool over all of it or a recurrence, sees no more than a tile at once.

Around what a network without padding is given, the image is mirrored by what it loses at its sides.
"""

import math
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from cnnkit.autograd import Tensor, no_grad
from cnnkit.engine.use.tiles import Tile, tiles
from cnnkit.errors import DeviceMemoryError
from cnnkit.kernels import host
from cnnkit.kernels.shared.array import Host
from cnnkit.models.reach import Reach, reach
from cnnkit.nn import Module
from cnnkit.nn.outputs import Nest, arrays, concatenated

# What the results of ops may take that live at once, of an image and, where a network looks far, of a tile: this is
# less by twice what its filters take beyond MANY_FILTERS, for they are there in a second form. Fixed numbers, so that
# an answer does not hang on how much memory is free.
MOST_BYTES, MOST_BYTES_OF_A_TILE, MANY_FILTERS = 160 << 20, 480 << 20, 256 << 20
# What is told of tiles: how many are done, and how many there are.
Tell = Callable[[int, int], None]
_reaches: weakref.WeakKeyDictionary[Module, dict[int, Reach | None]] = weakref.WeakKeyDictionary()


def nothing(done: int, total: int) -> None:
    """Tell nobody."""


@final
@dataclass(frozen=True)
class Way:
    """How an image is computed.   tiles: none where it is computed whole.   exact: as if it were whole."""

    tiles: tuple[Tile, ...]
    exact: bool


def way(module: Module, size: tuple[int, int], channels: int) -> Way:
    """How one image of (height, width) is computed."""
    known = reach_of(module, channels)
    if known is None or _bytes(known, *_given(known, size)) <= _most_whole(module, known):
        return Way((), True)
    m, far = known.multiple, known.pixels or 0
    # A good part of a tile must be answers: who looks further than a quarter of it sees a little less than all.
    side = max(_side(known, MOST_BYTES), min(-(-4 * far // m) * m, _side(known, _most_of_a_tile(module))))
    overlap = max(side // 8 if known.pixels is None else min(far, side // 4), known.margin)
    cut = tiles(_given(known, size), side, overlap, m)
    return Way(tuple(cut), known.pixels is not None and overlap >= known.pixels)


def reach_of(module: Module, channels: int) -> Reach | None:
    """`models.reach`, found once for a network."""
    known = _reaches.setdefault(module, {})
    if channels not in known:
        known[channels] = reach(module, channels)
    return known[channels]


def maps_of(
    module: Module,
    x: Host,
    keep: Callable[[Host], Host] | None = None,
    tell: Tell = nothing,
) -> Nest:
    """(N, H, W, …), what a network that gives a map of its image gives for a batch (N, H, W, C), without a tape.

    Args:
        keep: what is kept of the outputs for a tile, (1, h, w, K), so that they need not all be there at once; those
            of an image that is computed whole are left as they are.
        tell: called with (tiles done, in all) before each tile.
    """
    known = reach_of(module, x.shape[3])
    if known is None:
        return whole(module, x)
    size = (x.shape[1], x.shape[2])
    given = _mirrored(x, known) if known.margin else x
    if len(x) * _bytes(known, *given.shape[1:3]) <= _most_whole(module, known):
        return _cropped(whole(module, given), size)
    how = way(module, size, x.shape[3])
    if not how.tiles:
        return np.concatenate([_cropped(whole(module, given[n : n + 1]), size) for n in range(len(x))])

    def said(tile: Host) -> Host:
        outputs = whole(module, tile)
        return outputs if keep is None else keep(outputs)

    with host.sparing():
        found = [_laid_together(said, given[n : n + 1], how.tiles, size, known.margin, tell) for n in range(len(x))]
    return found[0] if len(found) == 1 else np.concatenate(found)


def as_given(module: Module, x: Host) -> tuple[Host, int]:
    """(what a network that gives maps is given for a batch, how many rows and columns of it come before the image)."""
    known = reach_of(module, x.shape[3])
    return (x, 0) if known is None or not known.margin else (_mirrored(x, known), known.margin)


def whole(module: Module, x: Host, *beside: Host) -> Nest:
    """The outputs for a batch, without a tape.   beside: what else the network is given, for each image.

    A device that has no room for all images computes one half of them after the other.
    """
    try:
        with no_grad():
            return arrays(module(Tensor(x), *beside))
    except DeviceMemoryError:
        if len(x) < 2:
            raise
    # Behind the handler, for the error holds on to what was computed.
    halves = slice(len(x) // 2), slice(len(x) // 2, None)
    return concatenated([whole(module, x[half], *(array[half] for array in beside)) for half in halves])


def _laid_together(
    compute: Callable[[Host], Host], image: Host, cut: Sequence[Tile], size: tuple[int, int], lost: int, tell: Tell
) -> Host:
    """(1, H, W, …) of one image, which is given `lost` pixels larger at each side."""
    laid: Host | None = None
    for number, (rows, columns) in enumerate(cut):
        tell(number, len(cut))
        said = compute(np.ascontiguousarray(image[:, rows.start : rows.stop, columns.start : columns.stop]))
        if laid is None:
            laid = np.empty((1, *size, *said.shape[3:]), said.dtype)
        # Of the image as it is given, the rows and columns that the tile answers for.
        top, left = max(rows.first, lost), max(columns.first, lost)
        bottom, right = max(top, min(rows.last, size[0] + lost)), max(left, min(columns.last, size[1] + lost))
        own = said[
            :,
            top - rows.start - lost : bottom - rows.start - lost,
            left - columns.start - lost : right - columns.start - lost,
        ]
        laid[:, top - lost : bottom - lost, left - lost : right - lost] = own
    assert laid is not None
    return laid


def _given(known: Reach, size: tuple[int, int]) -> tuple[int, int]:
    """The size of what the network is given for an image of this size."""
    before, behind = _border(known)
    return (size[0] + before + behind, size[1] + before + behind)


def _border(known: Reach) -> tuple[int, int]:
    """How much of a mirrored border an image gets: above and to the left, below and to the right.

    There it is more where strides let a network look further than it loses, so that no answer hangs on what a network
    does with a size that its strides do not divide.
    """
    return (known.margin, max(known.margin, known.pixels or 0) if known.margin else 0)


def _mirrored(x: Host, known: Reach) -> Host:
    around = _border(known)
    return np.pad(x, ((0, 0), around, around, (0, 0)), mode="reflect")


def _cropped(y: Host, size: tuple[int, int]) -> Host:
    return y[:, : size[0], : size[1]]


def _most_whole(module: Module, known: Reach) -> int:
    """A network that looks at the whole image is given it whole as long as that is possible."""
    return MOST_BYTES if known.pixels is not None else _most_of_a_tile(module)


def _most_of_a_tile(module: Module) -> int:
    filters = 4 * sum(parameter.size for parameter in module.parameters())
    return max(MOST_BYTES, MOST_BYTES_OF_A_TILE - 2 * max(0, filters - MANY_FILTERS))


def _side(known: Reach, most: int) -> int:
    """Of a square tile that takes so many bytes."""
    return max(2, math.isqrt(int(most / (4 * known.floats))) // known.multiple) * known.multiple


def _bytes(known: Reach, height: int, width: int) -> int:
    return int(4 * known.floats * height * width)
