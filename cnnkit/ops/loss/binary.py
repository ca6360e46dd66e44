"""Losses of yes and no: each number is a logit of its own, so an anchor may hold several classes or none."""

from typing import Any

import numpy as np

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Array, Host
from cnnkit.kernels.shared.scalar import SIGMOID
from cnnkit.ops import check
from cnnkit.ops.loss.reduction import reduced


def binary_cross_entropy(
    logits: Tensor | Array, targets: Host, *, weights: Host | None = None, reduction: str = "mean"
) -> Tensor:
    """-t·log p - (1 - t)·log(1 - p),   p = sigmoid(logits): computed from the logits, so that no logarithm is of 0.

    Args:
        logits: of any shape.
        targets: t, of that shape, from 0 to 1.
        weights: of a shape that can be broadcast to it, from 0 up: how much each counts; None: all the same.
        reduction: "mean" (divided by the sum of the weights), "sum", or "none".
    """
    logits = check.tensor(logits, "binary_cross_entropy")
    t = beside(targets, logits, "binary_cross_entropy")
    return reduced(_BinaryCrossEntropy.apply(logits, t), weights, reduction, "binary_cross_entropy")


def sigmoid_focal_loss(
    logits: Tensor | Array,
    targets: Host,
    *,
    alpha: float = 0.25,
    gamma: float = 2.0,
    weights: Host | None = None,
    reduction: str = "mean",
) -> Tensor:
    """a · (1 - q)^γ · -log q: q = p, a = α where the target is 1; q = 1 - p, a = 1 - α where it is 0; p = sigmoid.

    The paper divides the sum by the number of anchors that hold an object, which only the caller knows.

    Args:
        logits: of any shape.
        targets: of that shape, 0 or 1.
        alpha: how much of the weight those have that are 1, from 0 to 1; below 0: both count the same.
        gamma: γ, from 0 up; the higher, the less counts what is told right.
        weights, reduction: as in `binary_cross_entropy`.

    Source: Lin et al. 2017, arXiv:1708.02002, section 3.
    """
    logits = check.tensor(logits, "sigmoid_focal_loss")
    if not 0 <= gamma < np.inf:
        raise UsageError(f"gamma is {gamma}, expected a finite number from 0 up; the paper's is 2.")
    t = beside(targets, logits, "sigmoid_focal_loss")
    share = np.where(t == 1, alpha, 1 - alpha).astype(t.dtype) if alpha >= 0 else np.ones_like(t)
    losses = _SigmoidFocal.apply(logits, 2 * t - 1, share, float(gamma))
    return reduced(losses, weights, reduction, "sigmoid_focal_loss")


def beside(targets: Any, x: Tensor, op: str) -> Host:
    """The targets, in the type and the shape of x."""
    t = np.asarray(targets, x.dtype)
    if t.shape != x.shape:
        raise ShapeError(f"{op} expects a target for each number, shape {x.shape}, but received {t.shape}.")
    return t


class _BinaryCrossEntropy(Function):
    """y = log(1 + e^x) - t·x."""

    @staticmethod
    def forward(ctx: Context, x: Array, t: Host) -> Array:
        k = kernels.of(x)
        target = k.put(t)
        ctx.save(x, target)
        y: Array = k.subtract(k.softplus(x), k.multiply(x, target))
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        x, target = ctx.saved
        k = kernels.of(dy, x)
        return k.multiply(dy, k.subtract(k.activate(x, SIGMOID), target)), None


class _SigmoidFocal(Function):
    """y = a · u^γ · c, where z is x for a target of 1 and -x for 0, c = log(1 + e^-z), u = 1 / (1 + e^z)."""

    @staticmethod
    def forward(ctx: Context, x: Array, sign: Host, share: Host, gamma: float) -> Array:
        k = kernels.of(x)
        sign_there, a = k.put(sign), k.put(share)
        z = k.multiply(x, sign_there)
        c = k.softplus(k.negate(z))
        scale = k.multiply(a, k.exp(k.multiply(k.softplus(z), -gamma)))  # u = e^-log(1 + e^z)
        ctx.save(z, c, scale, sign_there, gamma)
        y: Array = k.multiply(scale, c)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        """dc/dz = -u and du/dz = -u·(1 - u), so dy/dz = -a · u^γ · (γ·(1 - u)·c + u)."""
        z, c, scale, sign, gamma = ctx.saved
        k = kernels.of(dy, z)
        right = k.activate(z, SIGMOID)
        slope = k.add(k.multiply(k.multiply(right, c), gamma), k.subtract(1.0, right))
        return k.multiply(k.multiply(dy, k.negate(sign)), k.multiply(scale, slope)), None, None, None
