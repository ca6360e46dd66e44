"""Station: one step on the road through a network, what it costs, and the maps that are shown of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, final

from cnnkit.kernels.shared.array import Host

Shape = tuple[int, ...]
# Stands in `reads` for what the network was given: the image, (H, W, C) of normalised numbers.
IMAGE = -1
# So many maps of a station are shown unless others are asked for.
SHOWN = 16

# What a station may be. Those of the first row have a map as their result that is computed from one by filters.
KINDS = (
    *("conv", "depthwise conv", "transposed conv"),
    *("dense", "batch norm", "local response norm", "activation"),
    *("max pool", "average pool", "global max pool", "global average pool"),
    *("add", "subtract", "multiply", "divide", "greater", "lesser", "scale channels"),
    *("concat", "split", "crop", "pad", "reshape", "flatten", "permute", "channel shuffle", "resize"),
    *("softmax", "log softmax", "negate", "exp", "log", "square root", "clip", "choose", "sum", "mean", "greatest"),
    *("dropout", "recurrent", "regions", "best boxes", "other"),
)


@final
@dataclass(frozen=True, eq=False)
class Maps:
    """The maps that are shown of a station.

    channels: their numbers, in rising order. Of a vector these are all.
    why: "all" there are, the "strongest", or those that were "asked" for. A map is as strong as the mean of its
    absolute values.
    values: (H, W, k) float32, the station's result in these channels; (features,) of a vector.
    before: the same before the activation, where one ends the station; else None. So a pixel's sum is there at once.
    strength: (k,) the mean of the absolute values of each.
    low, high: the least and the greatest number of `values`, for a scale of colours.
    """

    channels: tuple[int, ...]
    why: str
    values: Host = field(repr=False)
    before: Host | None = field(repr=False)
    strength: Host = field(repr=False)
    low: float
    high: float


@final
@dataclass(frozen=True, eq=False)
class Station:
    """One call of the network's, in the order of computation.

    number: its place on the road, from 0.   kind: one of KINDS.
    name: that no other station has: the layer's, or the layer's with "#2" where that makes several steps.
    layer: the path of the module in which it is computed, as in `models.summary` ("" where it is in none's but the
    network's own).   module: the class of that module.
    reads: the numbers of the stations whose results it reads, in order; IMAGE (-1) is what the network was given.
    Parameters, constants, and what is computed by NumPy in between are not told.
    inputs, output: the shapes of what it reads and of its result, without the axis of the batch: (H, W, C) of a map,
    (features,) of a vector.
    activation: the function that ends it ("relu", …); of a station of kind "activation" all that it does. None: none.
    slope: of a leaky relu; else 0.
    settings: what decides its arithmetic, by name:
        conv, depthwise conv, transposed conv: kernel (KH, KW), stride, dilation (down, across), groups,
            padding (top, bottom, left, right), filters (their number), bias and residual (whether there is one)
        max pool, average pool: kernel, stride, padding, dilation; count_padding (average); or bins (rows, columns)
        batch norm: eps, residual            local response norm: size, alpha, beta, k
        concat: axis, sizes                  split: axis, part, begin       (axis counted from behind: -1 is channels)
        crop: begin, end, step               pad: widths, value             (of the batch too)
        resize: size, mode, align_corners    channel shuffle: groups        permute: axes (of the batch too)
        sum, mean, greatest: axes            clip: low, high
        recurrent: axis, directions, units
    parameters: numbers that are learned, counted where the station is the first to use them.
    multiply_adds: products that are summed up, of convolutions, dense and recurrent layers; else 0.
    ms: how long it took on this machine, on its own: the median of a few calls, of a long one the first.
    receptive_field: (height, width), the rows and columns of the image that the number in the middle of its map depends
    on, cut to the image; None where the result is no map and depends on all of it.
    maps: what is shown of it; None where the result is neither a map nor a vector, or is none of this picture's.
    """

    number: int
    name: str
    kind: str
    layer: str
    module: str
    reads: tuple[int, ...]
    inputs: tuple[Shape, ...]
    output: Shape
    activation: str | None
    slope: float
    settings: Mapping[str, Any]
    parameters: int
    multiply_adds: int
    ms: float
    receptive_field: tuple[int, int] | None
    maps: Maps | None = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """All of it but the numbers of the maps."""
        told = {entry.name: getattr(self, entry.name) for entry in fields(self) if entry.name != "maps"}
        maps = self.maps
        shown = maps and {"channels": list(maps.channels), "why": maps.why, "low": maps.low, "high": maps.high}
        return {**told, "settings": dict(self.settings), "maps": shown}

    @property
    def is_map(self) -> bool:
        """Whether the result is a map (H, W, C) of places."""
        return len(self.output) == 3

    @property
    def is_vector(self) -> bool:
        return len(self.output) == 1
