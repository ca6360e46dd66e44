"""A network made ready for use: every batch norm folded into the convolution before it, filters laid out once.

    norm(conv(x)) = x * (w · scale) + (bias - mean · scale),   scale = weight / √(var + eps), per output channel

Computed in float64 and rounded once, so the logits differ from those of the network itself by rounding alone.

Only layers whose work is known are replaced: exact types without a `forward` of their own. Their stand-ins keep names,
types and parameters, so that a network which looks into its parts, or calls them one by one, computes what it did.
"""

import copy
from functools import partial
from typing import Any, final

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.kernels.shared.geometry import Window
from cnnkit.nn.blocks import ConvNorm
from cnnkit.nn.containers import Sequential
from cnnkit.nn.conv import Conv2d, ConvTranspose2d
from cnnkit.nn.module import Module, computes_as
from cnnkit.nn.norm import BatchNorm2d
from cnnkit.ops.check import activation_of
from cnnkit.ops.conv.conv import conv2d_shape
from cnnkit.ops.conv.transpose import conv_transpose2d_shape
from cnnkit.ops.window import window_over


class _PreparedConv2d(Function):
    """A Function like others, so that whoever follows a network's ops sees it; but nothing goes back through it."""

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
    ) -> Array:
        y: Array = kernels.of(x).conv2d(x, filters, win, groups, residual=residual, **ends)
        return y


class _PreparedConvTranspose2d(Function):
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
    ) -> Array:
        y: Array = kernels.of(x).conv_transpose2d(x, filters, y_shape, win, groups, **ends)
        return y


@final
class PreparedConv(Conv2d):
    """A convolution, with the batch norm that followed it: it computes, but does not learn.

    Where somebody gives the convolution other filters later, it computes as that does.
    """

    def __init__(self, conv: Conv2d, norm: BatchNorm2d | None = None) -> None:
        vars(self).update(vars(conv))
        # In a tuple, so that they are no children.
        self._folds = () if norm is None else (conv, norm)
        self._made_from = conv.weight.given
        self._filters, self._ends = _laid_out(conv, norm)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        for conv, norm in [self._folds] if self._folds else []:
            if conv.weight.given is not self._made_from:
                return norm(conv(x), residual)
        if self.weight.given is not self._made_from:
            return super().forward(x)
        win = window_over(x.shape, self.weight.shape, self.stride, self.padding, self.dilation, "conv2d")
        conv2d_shape(x.shape, self.weight.shape, win, self.groups)
        kernel = self.weight.shape[:2]
        y: Tensor = _PreparedConv2d.apply(x, residual, kernel, win, self._filters, self.groups, self._ends)
        return y


@final
class PreparedConvTranspose(ConvTranspose2d):
    """As PreparedConv, for a transposed convolution."""

    def __init__(self, conv: ConvTranspose2d, norm: BatchNorm2d | None = None) -> None:
        vars(self).update(vars(conv))
        self._folds = () if norm is None else (conv, norm)
        self._made_from = conv.weight.given
        self._filters, self._ends = _laid_out(conv, norm)

    def forward(self, x: Tensor) -> Tensor:
        for conv, norm in [self._folds] if self._folds else []:
            if conv.weight.given is not self._made_from:
                return norm(conv(x))
        if self.weight.given is not self._made_from:
            return super().forward(x)
        y_shape, win = conv_transpose2d_shape(
            x.shape, self.weight.shape, self.stride, self.padding, self.output_padding, self.dilation, self.groups
        )
        kernel = self.weight.shape[:2]
        y: Tensor = _PreparedConvTranspose2d.apply(x, y_shape, kernel, win, self._filters, self.groups, self._ends)
        return y


@final
class _PreparedConvNorm(ConvNorm):
    """Both at once; `conv` and `norm` are still there for whoever calls them one by one."""

    def __init__(self, block: ConvNorm) -> None:
        vars(self).update(vars(block))
        # In a tuple, so that it is no third child.
        self._both = (PreparedConv(block.conv, block.norm),)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        return self._both[0](x, residual)


@final
class _PreparedSequential(Sequential):
    """The steps of a sequence, a convolution and the norm behind it in one; the children are still one by one."""

    def __init__(self, sequence: Sequential) -> None:
        vars(self).update(vars(sequence))
        steps: list[Module] = []
        rest = list(sequence.named_children())
        while rest:
            (name, child), *rest = rest
            if rest and (pair := _foldable(child, rest[0][1])):
                rest = rest[1:]
                steps.append(_with_norm(*pair))
            else:
                setattr(self, name, prepared(child))
                steps.append(getattr(self, name))
        self._steps = tuple(steps)

    def forward(self, x: Tensor) -> Tensor:
        for step in self._steps:
            x = step(x)
        return x


def folded(conv: Conv2d | ConvTranspose2d, norm: BatchNorm2d) -> tuple[Host, Host]:
    """Filters and bias of the one convolution that does the work of a convolution and the norm behind it."""
    w, bias = conv.weight.numpy(), 0 if conv.bias is None else conv.bias.numpy()
    mean, var = (kernels.of(array).fetch(array) for array in (norm.running_mean, norm.running_var))
    scale = norm.weight.numpy() / np.sqrt(var.astype(np.float64) + norm.eps)
    shift = norm.bias.numpy() + (bias - mean) * scale
    if isinstance(conv, ConvTranspose2d):  # (KH, KW, O / groups, C): channel c meets the outputs of its group
        C = w.shape[3]
        factors = scale.reshape(conv.groups, w.shape[2]).T.repeat(C // conv.groups, axis=1)
    else:
        factors = scale
    return (w * factors).astype(w.dtype), shift.astype(w.dtype)


def prepared(module: Module) -> Module:
    """A copy for use: the same answers, sooner. It shares what it need not change with `module`, and has no tape.

    What is not known here (a subclass, a `forward` of one's own) stays as it is.
    """
    if computes_as(module, Conv2d):
        return PreparedConv(module)
    if computes_as(module, ConvTranspose2d):
        return PreparedConvTranspose(module)
    if computes_as(module, ConvNorm):
        whole = computes_as(module.conv, Conv2d) and _foldable(module.conv, module.norm)
        return _PreparedConvNorm(module) if whole else _with_parts(module)
    if computes_as(module, Sequential):
        return _PreparedSequential(module)
    return _with_parts(module)


def _with_parts(module: Module) -> Module:
    """A copy whose children are ready; the module itself if nothing is to be gained."""
    ready = {name: prepared(child) for name, child in module.named_children()}
    if all(ready[name] is child for name, child in module.named_children()):
        return module
    twin = copy.copy(module)
    vars(twin).update(ready)
    return twin


def _foldable(conv: Module, norm: Module) -> tuple[Conv2d | ConvTranspose2d, BatchNorm2d] | None:
    if not computes_as(norm, BatchNorm2d):
        return None
    if (computes_as(conv, Conv2d) or computes_as(conv, ConvTranspose2d)) and conv.activation == "identity":
        return conv, norm
    return None


def _with_norm(conv: Conv2d | ConvTranspose2d, norm: BatchNorm2d) -> Module:
    return PreparedConvTranspose(conv, norm) if isinstance(conv, ConvTranspose2d) else PreparedConv(conv, norm)


def _laid_out(conv: Conv2d | ConvTranspose2d, norm: BatchNorm2d | None) -> tuple[Any, dict[str, Any]]:
    """The filters that a kernel takes, with a norm folded in, and what is done to their sums.

    Many filters are not held twice: the parameter then asks for them where it is asked.
    """
    bias = None if conv.bias is None else conv.bias.data
    k = kernels.of(conv.weight.data)
    # Transposed sums want filters in another form.
    keep = isinstance(conv, ConvTranspose2d)
    if norm is None:
        filters = k.pack(conv.weight.data, conv.groups, keep=keep)
        if not keep:
            conv.weight.leave_to(partial(k.unpack, filters))
    else:
        weight, bias = (k.put(array) for array in folded(conv, norm))
        filters = k.pack(weight, conv.groups)
    activation = activation_of(conv.activation if norm is None else norm.activation, type(conv).__name__)
    return filters, {"bias": bias, "activation": activation}
