"""What makes maps larger: transposed convolutions of U-Net and FCN, and resizing of scores to the image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from cnnkit import kernels, ops
from cnnkit.autograd import Context, Function, Tensor, no_grad
from cnnkit.bench.cases import Case
from cnnkit.bench.rivals.known import nchw, tensor
from cnnkit.bench.twins.definition import check_by_definition
from cnnkit.kernels.shared.array import Array, Host

Work = Callable[[], Any]


@dataclass(frozen=True)
class Doubling:
    """A transposed convolution: N maps of size x size, C -> O channels."""

    name: str
    N: int
    size: int
    C: int
    O: int
    kernel: int
    groups: int = 1

    @property
    def padding(self) -> int:
        return (self.kernel - 2) // 2

    def __str__(self) -> str:
        shape = f"{self.kernel}x{self.kernel}/2 {self.C}->{self.O} {self.N}x{self.size}x{self.size}"
        return f"{self.name}, transposed {shape}"


@dataclass(frozen=True)
class Resizing:
    """N maps of size x size x C to wanted x wanted."""

    name: str
    N: int
    size: int
    wanted: int
    C: int
    mode: str = "bilinear"
    align_corners: bool = False

    def __str__(self) -> str:
        return f"{self.name}, {self.mode} {self.size} to {self.wanted}, {self.C} channels, {self.N} images"


DOUBLINGS = (
    Doubling("unet up4", 4, 16, 1024, 512, 2),
    Doubling("unet up1", 4, 128, 128, 64, 2),
    Doubling("any 4x4", 4, 32, 128, 64, 4),
    Doubling("fcn double_pool4", 4, 16, 21, 21, 4, groups=21),
)
RESIZINGS = (
    Resizing("deeplab_v3 logits", 4, 65, 513, 21),
    Resizing("deeplab_v3plus high", 4, 33, 129, 256, align_corners=True),
    Resizing("twice as large", 4, 64, 128, 128, "nearest"),
)


def transposed_cases() -> Iterator[Callable[[], Case]]:
    for layer in DOUBLINGS:
        for gradients in (False, True):
            yield partial(transposed_case, layer, gradients)


def resize_cases() -> Iterator[Callable[[], Case]]:
    for resizing in RESIZINGS:
        for gradients in (False, True):
            yield partial(resize_case, resizing, gradients)


def transposed_case(layer: Doubling, gradients: bool) -> Case:
    """The forward sum, or the gradients by maps and filters."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((layer.N, layer.size, layer.size, layer.C), dtype=np.float32)
    w = rng.standard_normal((layer.kernel, layer.kernel, layer.O // layer.groups, layer.C), dtype=np.float32)
    w /= np.float32(np.sqrt(layer.C / layer.groups))

    def op(x: Tensor, w: Tensor) -> Tensor:
        return ops.conv_transpose2d(x, w, stride=2, padding=layer.padding, groups=layer.groups)

    def torch_op(x: Any, w: Any) -> Any:
        import torch

        return torch.nn.functional.conv_transpose2d(x, w, None, 2, layer.padding, groups=layer.groups)

    few = layer.groups if layer.groups > 1 else 4
    small = x[:1, :3, :3, :few], w[..., :4, :few]
    flop = 2.0 * x.size * w.size / layer.C * (2 if gradients else 1)
    return _case(str(layer), op, torch_op, (x, w), small, gradients, flop)


def resize_case(resizing: Resizing, gradients: bool) -> Case:
    """Forward, or the gradient by the maps."""
    x = np.random.default_rng(0).standard_normal(
        (resizing.N, resizing.size, resizing.size, resizing.C), dtype=np.float32
    )

    def op(x: Tensor) -> Tensor:
        size = resizing.wanted if x.shape[1] == resizing.size else 7
        return ops.resize(x, size, mode=resizing.mode, align_corners=resizing.align_corners)

    def torch_op(x: Any) -> Any:
        import torch

        corners = resizing.align_corners if resizing.mode == "bilinear" else None
        return torch.nn.functional.interpolate(x, (resizing.wanted,) * 2, mode=resizing.mode, align_corners=corners)

    return _case(str(resizing), op, torch_op, (x,), (x[:1, :4, :5, :3],), gradients, None)


def _case(
    name: str,
    op: Callable[..., Tensor],
    torch_op: Callable[..., Any],
    operands: tuple[Host, ...],
    small: tuple[Host, ...],
    gradients: bool,
    flop: float | None,
) -> Case:
    return Case(
        f"{name}{', gradients' * gradients}",
        _work(op, operands, gradients),
        partial(_check, name, op, small),
        flop,
        rivals={"torch": partial(_torch, torch_op, operands, gradients)},
    )


def _work(op: Callable[..., Tensor], operands: tuple[Host, ...], gradients: bool) -> Work:
    if not gradients:
        tensors = [Tensor(array) for array in operands]

        def forward() -> Tensor:
            with no_grad():
                return op(*tensors)

        return forward
    leaves = [Tensor(array, requires_grad=True) for array in operands]
    dy = kernels.home().put(np.ones(op(*leaves).shape, np.float32))

    def both() -> list[Any]:
        for leaf in leaves:
            leaf.grad = None
        loss: Tensor = _Loss.apply(op(*leaves), dy)
        loss.backward()
        return [leaf.grad for leaf in leaves]

    return both


class _Loss(Function):
    """Stands for all that comes behind y, and has its gradient ready: `backward(dy)` would copy that first."""

    @staticmethod
    def forward(ctx: Context, y: Array, dy: Array) -> Array:
        ctx.save(dy)
        loss: Array = kernels.of(y).zeros((), y.dtype)
        return loss

    @staticmethod
    def backward(ctx: Context, d: Array) -> tuple[Any, ...]:
        return ctx.saved[0], None


def _check(name: str, op: Callable[..., Tensor], small: tuple[Host, ...]) -> None:
    """On a piece that the definition can do in a moment, there and back."""

    def both(dtype: type) -> list[Any]:
        leaves = [Tensor(np.ascontiguousarray(array, dtype), requires_grad=True) for array in small]
        y = op(*leaves)
        y.backward(Tensor(np.sin(np.arange(y.size)).reshape(y.shape).astype(dtype)))
        return [y, *(leaf.grad for leaf in leaves)]

    check_by_definition(name, both)


def _torch(torch_op: Callable[..., Any], operands: tuple[Host, ...], gradients: bool, threads: int) -> list[Work]:
    import torch

    torch.set_num_threads(threads)
    first, *filters = (tensor(array) for array in (nchw(operands[0]), *map(_turned, operands[1:])))

    def forward(x: Any, *rest: Any) -> Any:
        with torch.no_grad():
            return torch_op(x, *rest)

    def both(*leaves: Any) -> Any:
        y = torch_op(*leaves)
        if y.stride() not in ready:
            ready[y.stride()] = torch.ones_like(y)
        return torch.autograd.grad(y, leaves, ready[y.stride()])

    ready: dict[Any, Any] = {}
    works: list[Work] = []
    for layout in (torch.contiguous_format, torch.channels_last):
        tensors = [laid.contiguous(memory_format=layout) for laid in (first, *filters)]
        if gradients:
            tensors = [laid.requires_grad_() for laid in tensors]
        works.append(partial(both if gradients else forward, *tensors))
    return works


def _turned(w: Host) -> Host:
    """(KH, KW, O / groups, C) in torch's order, (C, O / groups, KH, KW)."""
    return np.ascontiguousarray(w.transpose(3, 2, 0, 1))
