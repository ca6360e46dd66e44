"""Convolutions and dense layers of a network in use: filters laid out once, with all that is done to their sums.

    y = activation(x * filters + bias + residual)

Functions like others, so that whoever follows a network's calls sees them; but nothing goes back through them.
"""

from functools import partial
from typing import Any, NamedTuple, final

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Function
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.kernels.shared.geometry import Window
from cnnkit.nn import Parameter

POINT = Window()


class PreparedConv2d(Function):
    """kernel: (KH, KW), for those who ask what the filters cover.   ends: bias and activation.

    room, part: memory for more than the result, and which of its channels are this: (first, count).
    """

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        residual: Array | None,
        kernel: tuple[int, int],
        win: Window,
        filters: Any,
        groups: int,
        ends: dict[str, Any],
        room: Array | None = None,
        part: tuple[int, int] = (0, 0),
    ) -> Array:
        k = kernels.of(x)
        out = None if room is None else k.channels(room, *part)
        y: Array = k.conv2d(x, filters, win, groups, residual=residual, out=out, **ends)
        return y


class PreparedConvTranspose2d(Function):
    """The same, turned round."""

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        y_shape: tuple[int, ...],
        kernel: tuple[int, int],
        win: Window,
        filters: Any,
        groups: int,
        ends: dict[str, Any],
        room: Array | None = None,
        part: tuple[int, int] = (0, 0),
    ) -> Array:
        k = kernels.of(x)
        out = None if room is None else k.channels(room, *part)
        y: Array = k.conv_transpose2d(x, filters, y_shape, win, groups, out=out, **ends)
        return y


class PreparedLinear(Function):
    """A dense layer is a 1x1 convolution of images of one pixel, and has its filters laid out as those have."""

    @staticmethod
    def forward(ctx: Context, x: Array, features: int, filters: Any, ends: dict[str, Any]) -> Array:
        N, K = x.shape
        y: Array = kernels.of(x).conv2d(x.reshape((N, 1, 1, K)), filters, POINT, **ends)
        return y.reshape((N, features))


class Norm(NamedTuple):
    """The batch norm behind a convolution, as `batch_norm_frozen` has it."""

    weight: Parameter
    bias: Parameter
    mean: Array
    var: Array
    eps: float


@final
class Layouts:
    """The filters of a network, each laid out once for inputs of all shapes."""

    def __init__(self) -> None:
        self._found: dict[Any, tuple[Any, Array | None]] = {}

    def of(
        self, w: Parameter, bias: Parameter | None, groups: int, norm: Norm | None, *, transposed: bool = False
    ) -> tuple[Any, Array | None]:
        """What a kernel takes for these filters, and the bias, both with the norm folded in."""
        key = id(w), groups, transposed, norm and id(norm.weight)
        if key not in self._found:
            self._found[key] = _laid_out(w, bias, groups, norm, transposed)
        return self._found[key]


def _laid_out(
    w: Parameter, bias: Parameter | None, groups: int, norm: Norm | None, transposed: bool
) -> tuple[Any, Array | None]:
    """Filters are not held twice: the parameter then asks for them where it is asked, those with a norm its source."""
    k = kernels.of(w.data)
    if norm is not None:
        weight, shift = folded(w, bias, groups, norm, transposed)
        w.let_go()
        return k.pack(k.put(weight), groups, keep=transposed), k.put(shift)
    four = w.data.reshape((1, 1, *w.shape)) if w.ndim == 2 else w.data
    # Transposed sums want filters in another form.
    filters = k.pack(four, groups, keep=transposed)
    if not transposed:
        w.leave_to(partial(_back, k, filters, w.shape))
    return filters, None if bias is None else bias.data


def _back(k: Any, filters: Any, shape: tuple[int, ...]) -> Array:
    w: Array = k.unpack(filters).reshape(shape)
    return w


def folded(w: Parameter, bias: Parameter | None, groups: int, norm: Norm, transposed: bool) -> tuple[Host, Host]:
    """Filters and bias of the one convolution that does the work of a convolution and the norm behind it.

        norm(conv(x)) = x * (w · scale) + (bias - mean) · scale + shift,   scale = weight / √(var + eps)

    per output channel, computed in float64 and rounded once.
    """
    numbers, before = w.numpy(), 0 if bias is None else bias.numpy()
    mean, var = (kernels.of(array).fetch(array) for array in (norm.mean, norm.var))
    scale = norm.weight.numpy() / np.sqrt(var.astype(np.float64) + norm.eps)
    shift = norm.bias.numpy() + (before - mean) * scale
    factors = scale
    if transposed:  # (KH, KW, O / groups, C): channel c meets the outputs of its group
        OG, C = numbers.shape[2:]
        factors = scale.reshape(groups, OG).T.repeat(C // groups, axis=1)
    weight: Host = kernels.of(numbers).empty(numbers.shape, numbers.dtype)
    # Piece by piece, as NumPy does that where types change on the way: there is never an array of them in float64.
    np.multiply(numbers, factors, out=weight, dtype=np.float64, casting="same_kind")
    return weight, shift.astype(numbers.dtype)
