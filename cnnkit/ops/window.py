"""From stride, padding and dilation, as people write them, to a Window."""

from functools import lru_cache
from operator import index
from typing import Any

from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.geometry import Window, output_hw
from cnnkit.ops import check

Pair = int | tuple[int, int]
# Or "same", as TensorFlow pads: the result has a pixel for every `stride` pixels, ceil(size / stride).
Padding = int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]] | str
SAME = "same"


def window(stride: Pair = 1, padding: Padding = 0, dilation: Pair = 1) -> Window:
    """The Window of a filter that slides so.

    Args:
        stride, dilation: one number for both axes, or (height, width).
        padding: one number, (height, width), or ((top, bottom), (left, right)). "same" needs the image: `window_over`.
    """
    if isinstance(padding, str):
        raise UsageError(f"padding is {padding!r}, but a window without an image expects numbers.")
    return _window(_frozen(stride), _frozen(padding), _frozen(dilation))


def window_over(
    x_shape: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    op: str = "window",
) -> Window:
    """The Window of a filter (KH, KW) that slides so over images (N, H, W, C).

    padding: as in `window`, or "same": zeros are added until every stride-th pixel is the first under a filter,

        (ceil(size / stride) - 1)·stride + dilation·(kernel - 1) + 1 - size   of them, or none,

    the smaller half above and to the left, as TensorFlow has it.
    """
    if not isinstance(padding, str):
        return window(stride, padding, dilation)
    check_window(stride, padding, dilation)
    check.images(x_shape, op)
    strides, dilations = pair("stride", stride), pair("dilation", dilation)
    sides = tuple(
        _same(size, taps, step, spread)
        for size, taps, step, spread in zip(x_shape[1:3], kernel[:2], strides, dilations, strict=True)
    )
    return _window(strides, sides, dilations)


def check_window(stride: Pair, padding: Padding, dilation: Pair = 1) -> None:
    """UsageError if no image could be under such a window."""
    if isinstance(padding, str) and padding != SAME:
        raise UsageError(
            f"padding is {padding!r}, expected 'same', a whole number, a pair (height, width), or "
            "((top, bottom), (left, right))."
        )
    window(stride, 0 if padding == SAME else padding, dilation)


def _same(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


@lru_cache(maxsize=1024)
def _window(stride: Any, padding: Any, dilation: Any) -> Window:
    (top, bottom), (left, right) = _sides(padding)
    return Window(*pair("stride", stride), top, bottom, left, right, *pair("dilation", dilation))


def pair(name: str, value: Any, least: int = 1) -> tuple[int, int]:
    """(height, width) from one number or two."""
    try:
        first, second = value if isinstance(value, (tuple, list)) else (value, value)
        sizes = index(first), index(second)
    except (TypeError, ValueError):
        raise UsageError(f"{name} is {value!r}, expected a whole number or a pair (height, width) of them.") from None
    if min(sizes) < least:
        raise UsageError(f"{name} is {value!r}, expected numbers of at least {least}.")
    return sizes


def fitting_hw(x_shape: tuple[int, ...], kernel: tuple[int, int], win: Window, op: str) -> tuple[int, int]:
    """(OH, OW); an image that is too small for the window is refused."""
    OH, OW = output_hw(x_shape, kernel, win)
    if OH < 1 or OW < 1:
        reach = tuple(win[6 + axis] * (kernel[axis] - 1) + 1 for axis in (0, 1))
        raise ShapeError(
            f"{op} with kernel {kernel} reaches over {reach[0]}x{reach[1]} pixels, but the padded image has only "
            f"{x_shape[1] + win.pad_top + win.pad_bottom}x{x_shape[2] + win.pad_left + win.pad_right}: x is {x_shape}. "
            "Give it larger images or more padding."
        )
    return OH, OW


def _sides(padding: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    if isinstance(padding, tuple) and len(padding) == 2 and all(isinstance(side, tuple) for side in padding):
        return pair("padding (top, bottom)", padding[0], 0), pair("padding (left, right)", padding[1], 0)
    height, width = pair("padding", padding, 0)
    return (height, height), (width, width)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def images_under(x_shape: tuple[int, ...], kernel: tuple[int, int], win: Window, op: str) -> tuple[int, int]:
    """(OH, OW) of images (N, H, W, C), both checked."""
    check.images(x_shape, op)
    return fitting_hw(x_shape, kernel, win, op)
