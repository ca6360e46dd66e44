"""Losses of boxes: how far numbers lie from their targets, and how little a box covers its target."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.ops import check
from cnnkit.ops.arithmetic import add, divide, maximum, minimum, multiply, subtract
from cnnkit.ops.loss.binary import beside
from cnnkit.ops.loss.reduction import reduced
from cnnkit.ops.shape import reshape, slice

# Against a division by 0 of empty boxes; torchvision's.
TINY = 1e-7


def smooth_l1_loss(
    x: Tensor | Array,
    targets: Host,
    *,
    beta: float = 1.0,
    weights: Host | None = None,
    reduction: str = "mean",
) -> Tensor:
    """d² / 2β where |d| < β, |d| - β/2 beyond,   d = x - target: a far miss pulls no harder than a near one.

    Args:
        x: of any shape.
        targets: of that shape.
        beta: β, above 0: where the parabola becomes a line.
        weights: of a shape that can be broadcast to it, from 0 up: how much each number counts; None: all the same.
        reduction: "mean" (divided by the sum of the weights), "sum", or "none".

    Source: Girshick 2015, arXiv:1504.08083, equation 3, with β = 1; Ren et al. 2015, arXiv:1506.01497, have 1/9.
    """
    x = check.tensor(x, "smooth_l1_loss")
    if not beta > 0:
        raise UsageError(f"beta is {beta}, expected a number above 0.")
    losses = _SmoothL1.apply(x, beside(targets, x, "smooth_l1_loss"), float(beta))
    return reduced(losses, weights, reduction, "smooth_l1_loss")


def giou_loss(boxes: Tensor | Array, targets: Host, *, weights: Host | None = None, reduction: str = "mean") -> Tensor:
    """1 - IoU + |H \\ (B ∪ T)| / |H|, from 0 to 2, where H is the least box around box B and its target T.

    Unlike 1 - IoU it has a gradient where the two do not meet.

    Args:
        boxes: (..., 4) corners x_min, y_min, x_max, y_max.
        targets: (..., 4).
        weights: of a shape that can be broadcast to (...); None: all boxes count the same.
        reduction: "mean" (divided by the sum of the weights), "sum", or "none" for (...).

    Source: Rezatofighi et al. 2019, arXiv:1902.09630, section 3.
    """
    boxes = check.tensor(boxes, "giou_loss")
    if boxes.ndim < 1 or boxes.shape[-1] != 4:
        raise ShapeError(f"giou_loss expects corners of boxes (..., 4), but received {boxes.shape}.")
    t = Tensor(kernels.of(boxes.data).put(beside(targets, boxes, "giou_loss")))
    low, high = _part(boxes, 0, 2), _part(boxes, 2, 4)
    t_low, t_high = _part(t, 0, 2), _part(t, 2, 4)
    both = _area(maximum(subtract(minimum(high, t_high), maximum(low, t_low)), 0.0))
    around = _area(subtract(maximum(high, t_high), minimum(low, t_low)))
    union = subtract(add(_area(subtract(high, low)), _area(subtract(t_high, t_low))), both)
    giou = subtract(divide(both, add(union, TINY)), divide(subtract(around, union), add(around, TINY)))
    return reduced(reshape(subtract(1.0, giou), boxes.shape[:-1]), weights, reduction, "giou_loss")


def _part(x: Tensor, start: int, stop: int) -> Tensor:
    """These numbers of the last axis."""
    return slice(x, [0] * (x.ndim - 1) + [start], [*x.shape[:-1], stop])


def _area(sides: Tensor) -> Tensor:
    return multiply(_part(sides, 0, 1), _part(sides, 1, 2))


class _SmoothL1(Function):
    """y = c·(d - c/2) / β, where c is d kept within β: both branches in one line."""

    @staticmethod
    def forward(ctx: Context, x: Array, t: Host, beta: float) -> Array:
        k = kernels.of(x)
        d = k.subtract(x, k.put(t))
        c = k.clip(d, -beta, beta)
        ctx.save(c, beta)
        y: Array = k.multiply(k.multiply(c, k.subtract(d, k.multiply(c, 0.5))), 1 / beta)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        c, beta = ctx.saved
        k = kernels.of(dy, c)
        return k.multiply(dy, k.multiply(c, 1 / beta)), None, None
