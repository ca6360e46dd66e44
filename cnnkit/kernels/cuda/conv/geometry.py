"""Where taps and results lie, in numbers that a kernel is given: the convolution, and its gradient by the images.

Both are one sum: each pixel of a result adds products with pixels that lie a tap apart.

    forward   y[oy] = Σ ky  x[oy·stride - pad + ky·dilation] · w[ky]
    dx        the rows of one remainder by the stride, iy = phase + stride·j, are met by every so-manieth tap alone:
              ky = first + t·every,  and its row of dy is  begin + j - t·(every·dilation / stride)

So a gradient at stride 2 is four convolutions at stride 1, of a quarter of the taps each, and no product is in vain.
"""

from math import gcd
from typing import NamedTuple

from cnnkit.errors import ShapeError
from cnnkit.kernels.cuda.machine.launch import MOST
from cnnkit.kernels.shared.geometry import Window

FAR = -(1 << 29)  # a row outside every image
# How far behind the last pixel, term or output a kernel counts: to the end of a tile, of a piece, of the last part.
BEHIND = 1 << 13


class Divisors(NamedTuple):
    """What numbers are divided by (`ptx.over`): pixels of an image of results and of a row, channels, taps of a row."""

    image: tuple[int, int]
    cols: tuple[int, int]
    channels: tuple[int, int]
    taps: tuple[int, int]


class Axis(NamedTuple):
    """Along one axis: result j of `size` reads pixel begin + j·step + t·apart by tap first + t·every, t < taps.

    It is written to place + j·stride.
    """

    size: int
    begin: int
    step: int
    taps: int
    apart: int
    first: int
    every: int
    place: int
    stride: int


def forward(win: Window, kernel: tuple[int, int], size: tuple[int, int]) -> tuple[Axis, Axis]:
    """Rows and columns of a convolution with results of that size."""
    return (
        Axis(size[0], -win.pad_top, win.stride_h, kernel[0], win.dilation_h, 0, 1, 0, 1),
        Axis(size[1], -win.pad_left, win.stride_w, kernel[1], win.dilation_w, 0, 1, 0, 1),
    )


def backward(win: Window, kernel: tuple[int, int], size: tuple[int, int]) -> list[tuple[Axis, Axis]]:
    """Rows and columns of each phase of a gradient by images of that size; together they write every pixel once."""
    down, across = (range(min(pair)) for pair in ((win.stride_h, size[0]), (win.stride_w, size[1])))
    rows = [_phase(p, win.stride_h, win.pad_top, win.dilation_h, kernel[0], size[0]) for p in down]
    cols = [_phase(p, win.stride_w, win.pad_left, win.dilation_w, kernel[1], size[1]) for p in across]
    return [(row, col) for row in rows for col in cols]


def _phase(phase: int, stride: int, pad: int, dilation: int, taps: int, size: int) -> Axis:
    results = -(-(size - phase) // stride)
    every = stride // gcd(stride, dilation)
    met = [tap for tap in range(min(taps, every)) if (phase + pad - tap * dilation) % stride == 0]
    if not met:
        return Axis(results, 0, 1, 0, 0, 0, every, phase, stride)
    (first,) = met
    count = -(-(taps - first) // every)
    begin = (phase + pad - first * dilation) // stride
    return Axis(results, begin, 1, count, -(every * dilation // stride), first, every, phase, stride)


def check_counts(**counts: int) -> None:
    """ShapeError for more of something than a kernel counts in 32 bits with what lies behind it in the last tile."""
    for name, count in counts.items():
        if count > MOST - BEHIND:
            raise ShapeError(
                f"A convolution of {count:,} {name} is too large for CUDA's kernels, which count up to "
                f"{MOST - BEHIND:,}: use a smaller --batch-size or --image-size."
            )


def check_rows(rows: Axis) -> None:
    """ShapeError for a filter or a border so high that a row which is `FAR` from the image would lie within again."""
    if rows.size * rows.step + rows.taps * abs(rows.apart) + abs(rows.begin) > -FAR:
        raise ShapeError(
            f"A convolution whose taps or borders reach over more than {-FAR:,} rows is too large for CUDA's kernels: "
            "use less padding, dilation or stride."
        )


def check_blocks(name: str, count: int, each: int = 1) -> None:
    """ShapeError for more than a launch has room for along its second or third axis, with so many in each block."""
    most = each * ((1 << 16) - 1)
    if count > most:
        raise ShapeError(f"A convolution of {count:,} {name} is too many for a CUDA kernel: {most:,} are the most.")
