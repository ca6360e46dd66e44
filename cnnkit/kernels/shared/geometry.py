"""Where the sliding window lies: index arithmetic shared by all kernels and machines."""

from typing import NamedTuple

from cnnkit.kernels.shared.inner import inlined


class Window(NamedTuple):
    """How a filter slides over an image. Flat on purpose: Numba passes it through every kind of kernel."""

    stride_h: int = 1
    stride_w: int = 1
    pad_top: int = 0
    pad_bottom: int = 0
    pad_left: int = 0
    pad_right: int = 0
    dilation_h: int = 1
    dilation_w: int = 1


def output_size(size: int, kernel: int, stride: int, before: int, after: int, dilation: int) -> int:
    """Positions that a filter of `kernel` taps takes along an axis of `size` pixels; 0 if it never fits.

    (size + before + after - dilation·(kernel - 1) - 1) // stride + 1
    Source: Dumoulin & Visin 2016, arXiv:1603.07285, relationship 6.
    """
    room = size + before + after - dilation * (kernel - 1) - 1
    return room // stride + 1 if room >= 0 else 0


def output_hw(x_shape: tuple[int, ...], kernel: tuple[int, int], win: Window) -> tuple[int, int]:
    """(OH, OW) of a (KH, KW) filter that slides over (N, H, W, C) as `win` says."""
    return (
        output_size(x_shape[1], kernel[0], win.stride_h, win.pad_top, win.pad_bottom, win.dilation_h),
        output_size(x_shape[2], kernel[1], win.stride_w, win.pad_left, win.pad_right, win.dilation_w),
    )


def conv2d_output_shape(x_shape: tuple[int, ...], w_shape: tuple[int, ...], win: Window) -> tuple[int, int, int, int]:
    """(N, OH, OW, O) of images (N, H, W, C) under filters (KH, KW, C / groups, O)."""
    OH, OW = output_hw(x_shape, (w_shape[0], w_shape[1]), win)
    return x_shape[0], OH, OW, w_shape[3]


@inlined
def input_row(oy, ky, win):
    """Row of the image under tap row ky of output row oy; may lie outside the image."""
    return oy * win.stride_h - win.pad_top + ky * win.dilation_h


@inlined
def input_col(ox, kx, win):
    """Column of the image under tap column kx of output column ox; may lie outside the image."""
    return ox * win.stride_w - win.pad_left + kx * win.dilation_w


@inlined
def inside(k, size, out_size, stride, pad, dilation):
    """(first, last + 1) of the output positions whose tap k lies inside an axis of `size` pixels."""
    offset = k * dilation - pad
    first = max(0, -(offset // stride)) if offset < 0 else 0
    last = min(out_size, (size - 1 - offset) // stride + 1) if size > offset else 0
    return first, max(first, last)
