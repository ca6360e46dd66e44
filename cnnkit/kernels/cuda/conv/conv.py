"""conv2d, its gradients and its transposition: which way each call takes, and what the kernel is told."""

from math import prod
from typing import Any

from cnnkit.kernels.cuda.conv import depthwise, gather, gather_tf32, warp
from cnnkit.kernels.cuda.conv.filters import filters_gradient
from cnnkit.kernels.cuda.conv.fours import in_fours, pays
from cnnkit.kernels.cuda.conv.geometry import Axis, Divisors, backward, check_blocks, check_counts, check_rows, forward
from cnnkit.kernels.cuda.conv.tile import chosen
from cnnkit.kernels.cuda.epilogue import End, gradient_end, layer_end
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.axes import strides_of
from cnnkit.kernels.cuda.machine.home import empty
from cnnkit.kernels.cuda.machine.launch import chip
from cnnkit.kernels.cuda.machine.move import fill, move
from cnnkit.kernels.cuda.machine.move import gather as moved
from cnnkit.kernels.cuda.machine.operands import Outs, aligned, outs, result, single
from cnnkit.kernels.cuda.machine.ptx import divisor
from cnnkit.kernels.cuda.reduce import SUM, reduced
from cnnkit.kernels.shared.geometry import Window, conv2d_output_shape
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


def conv2d(
    x: DeviceArray,
    w: DeviceArray,
    win: Window,
    groups: int = 1,
    *,
    bias: DeviceArray | None = None,
    activation: Activation = IDENTITY,
    residual: DeviceArray | None = None,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """Slide every filter over every image and sum the products, then the epilogue."""
    x, w = single(x), single(w)
    y = result(conv2d_output_shape(x.shape, w.shape, win), out, channels=True)
    KH, KW, C, O = w.shape
    axes = forward(win, (KH, KW), (y.shape[1], y.shape[2]))
    end = layer_end(y, bias, residual, activation)
    if C == 1 and y.size:
        depthwise.forward(x, w, y, win, groups, end)
        return y
    if pays(C, y.size // max(O, 1) * w.size):
        x, w, C = in_fours(x, 3, groups), in_fours(w, 2), C + -C % 4
    _product(x, w, y, axes, (C, O // groups), (O, O // groups), groups, end)
    end.later(y)
    return y


def conv2d_dx(
    dy: DeviceArray,
    w: DeviceArray,
    x_shape: tuple[int, ...],
    win: Window,
    groups: int = 1,
    *,
    x: DeviceArray | None = None,
    activation: Activation = IDENTITY,
    others: DeviceArray | None = None,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """The gradient by the images: a convolution of dy for each phase of the stride."""
    dx = result(x_shape, out)
    _turned(single(dy), single(w), dx, win, groups, gradient_end(dx, x, activation, others))
    return dx


def conv2d_dw(
    dy: DeviceArray,
    x: DeviceArray,
    w_shape: tuple[int, ...],
    win: Window,
    groups: int = 1,
    *,
    needs_db: bool = False,
    out: Outs | None = None,
) -> tuple[DeviceArray, DeviceArray | None]:
    """dw[ky, kx, c, o] = Σ n, oy, ox  dy[n, oy, ox, o] · x[n, iy, ix, c0 + c], and db, the sums of dy."""
    into, into_db = outs(out, 2)
    dy, x, dw = single(dy), single(x), result(w_shape, into)
    db = result((w_shape[3],), into_db) if needs_db else None
    if dw.size and dy.size:
        KH, KW, C, O = w_shape
        if C == 1:
            depthwise.filters_gradient(dy, x, dw, win, groups)
        elif pays(C, dy.size // O * dw.size):
            more = empty((KH, KW, C + -C % 4, O))
            filters_gradient(dy, in_fours(x, 3, groups), more, win, groups)
            move(more, dw, dw.shape, strides_of(more), strides_of(dw))
        else:
            filters_gradient(dy, x, dw, win, groups)
    else:
        fill(dw, 0.0)
    if db is not None:
        reduced(dy, (1, prod(dy.shape[:3]), dy.shape[3]), SUM, db)
    return dw, db


def conv2d_dx_dw(
    dy: DeviceArray,
    w: DeviceArray,
    x: DeviceArray,
    win: Window,
    groups: int = 1,
    *,
    activation: Activation = IDENTITY,
    others: DeviceArray | None = None,
    needs_db: bool = False,
    out: Outs | None = None,
) -> tuple[DeviceArray, DeviceArray, DeviceArray | None]:
    """Both gradients of one convolution, dx and (dw, db)."""
    into, into_dw, into_db = outs(out, 3)
    dx = conv2d_dx(dy, w, x.shape, win, groups, x=x, activation=activation, others=others, out=into)
    return dx, *conv2d_dw(dy, x, w.shape, win, groups, needs_db=needs_db, out=(into_dw, into_db))


def conv_transpose2d(
    x: DeviceArray,
    w: DeviceArray,
    y_shape: tuple[int, ...],
    win: Window,
    groups: int = 1,
    *,
    bias: DeviceArray | None = None,
    activation: Activation = IDENTITY,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """The way of a gradient, taken forward, with the end of a layer."""
    y = result(y_shape, out, channels=True)
    _turned(single(x), single(w), y, win, groups, layer_end(y, bias, None, activation))
    return y


def pack(w: DeviceArray, groups: int = 1, *, keep: bool = True) -> DeviceArray:
    """The filters themselves: kernels read them as they lie."""
    return w


def unpack(filters: DeviceArray) -> DeviceArray:
    """The filters that `pack` was given."""
    return filters


def _turned(dy: DeviceArray, w: DeviceArray, dx: DeviceArray, win: Window, groups: int, end: End) -> None:
    """dx[iy, ix, c] = Σ dy · w[ky, kx, c, o]: phase by phase, with the filters' last two axes turned round."""
    KH, KW, C, O = w.shape
    each = O // groups
    if C == 1 and dx.size and dy.size:
        depthwise.backward(dy, w, dx, win, groups, end)
        return
    if pays(each, dy.size // max(O, 1) * w.size):
        dy, w, each = in_fours(dy, 3, groups), in_fours(w, 3, groups), each + -each % 4
        O = groups * each
    for rows, cols in backward(win, (KH, KW), (dx.shape[1], dx.shape[2])):
        turned = empty((groups, rows.taps, cols.taps, each, C))
        strides = each, rows.every * KW * C * O, cols.every * C * O, 1, O
        moved(w, turned, strides, (rows.first * KW + cols.first) * C * O)
        depth = rows.taps * cols.taps * each
        _product(dy, turned, dx, (rows, cols), (each, C), (C, depth * C), groups, end)
    end.later(dx)


def _product(
    x: DeviceArray,
    right: DeviceArray,
    y: DeviceArray,
    axes: tuple[Axis, Axis],
    of_group: tuple[int, int],
    right_lies: tuple[int, int],
    groups: int,
    end: End,
) -> None:
    """y = end(x's taps · right).   of_group: channels and outputs.   right_lies: numbers of a row, and of a group."""
    rows, cols = axes
    channels, outputs = of_group
    N, H, W, C = x.shape
    image = rows.size * cols.size
    if not (N * image and outputs and groups):
        return
    check_blocks("groups", groups)
    depth = rows.taps * cols.taps * channels
    check_rows(rows)
    check_counts(pixels=N * image, terms=depth, outputs=outputs)
    plan = gather.Plan(
        pixels=N * image,
        depth=depth,
        cols=cols.size,
        image=image,
        channels=channels,
        tap_cols=cols.taps,
        outputs=outputs,
        right_row=right_lies[0],
        right_group=right_lies[1],
        height=H,
        width=W,
        x_step=C,
        row_begin=rows.begin,
        row_step=rows.step,
        row_apart=rows.apart,
        col_begin=cols.begin,
        col_step=cols.step,
        col_apart=cols.apart,
        y_height=y.shape[1],
        y_width=y.shape[2],
        y_step=y.step,
        row_place=rows.place,
        row_stride=rows.stride,
        col_place=cols.place,
        col_stride=cols.stride,
        beside_step=y.shape[3],
    )
    by = Divisors(divisor(image), divisor(cols.size), divisor(max(channels, 1)), divisor(max(cols.taps, 1)))
    x, right = aligned(x), aligned(right)
    wide_left, wide_right = channels % 4 == 0 and C % 4 == 0, all(n % 4 == 0 for n in (outputs, *right_lies))
    wide_results = wide_right and y.step % 4 == 0 and all(map(chip.aligned, (y, *end.given[:3])))
    if wide_left and wide_right and warp.is_wanted():  # by shapes alone: where results go never changes them
        tile: Any = warp.chosen(plan.pixels, outputs, groups)
        kernel = gather_tf32.make(tile, wide_results)
    else:
        tile = chosen(plan.pixels, outputs, groups)
        kernel = gather.make(tile, wide_left, wide_results)
    check_blocks("outputs", outputs, tile.columns)
    grid = -(-plan.pixels // tile.rows), -(-outputs // tile.columns), groups
    kernel(grid, tile.threads, x, right, y, *end.given[:3], plan, by, *end.given[3:])
