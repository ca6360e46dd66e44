"""Whole channels: normalised over the batch, across their neighbours, or multiplied by a factor for each image."""

import math
from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.scalar import Activation
from cnnkit.ops import check
from cnnkit.ops.activation import activate, fused


def batch_norm(
    x: Tensor | Array,
    weight: Tensor,
    bias: Tensor,
    *,
    running: tuple[Array, Array] | None = None,
    momentum: float = 0.1,
    eps: float = 1e-5,
    activation: str | Activation = "identity",
    residual: Tensor | None = None,
) -> Tensor:
    """activation((x - mean) / √(var + eps) · weight + bias + residual), normalised by the batch at hand.

    Args:
        x: (..., C), with at least two values a channel; mean and var are over all axes but the last.
        weight, bias: (C,).
        running: averages (C,) of mean and unbiased variance, changed in place, for `batch_norm_frozen`:
            average ← (1 - momentum)·average + momentum·batch.
        residual: of the shape of x.

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167.
    """
    averages = {} if running is None else {"running mean": running[0], "running variance": running[1]}
    x, act = _checked("batch_norm", x, activation, residual, weight=weight, bias=bias, **averages)
    count = math.prod(x.shape[:-1])
    if count < 2:
        raise ShapeError(
            f"batch_norm expects at least 2 values of each channel to normalise by in training, but x {x.shape} has "
            f"{count}. Use a larger batch, or eval(), which normalises with the running statistics."
        )
    now, later = fused(act, from_output=residual is not None)
    y: Tensor = _BatchNorm.apply(x, weight, bias, residual, running, momentum, eps, now)
    return y if later is None else activate(y, later)


def batch_norm_frozen(
    x: Tensor | Array,
    weight: Tensor,
    bias: Tensor,
    mean: Array,
    var: Array,
    *,
    eps: float = 1e-5,
    activation: str | Activation = "identity",
    residual: Tensor | None = None,
) -> Tensor:
    """The same, normalised by a mean and a variance that were found before and have no gradient."""
    x, act = _checked("batch_norm_frozen", x, activation, residual, weight=weight, bias=bias, mean=mean, var=var)
    now, later = fused(act, from_output=residual is not None)
    y: Tensor = _BatchNormFrozen.apply(x, weight, bias, residual, mean, var, eps, now)
    return y if later is None else activate(y, later)


def local_response_norm(
    x: Tensor | Array, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """x / (k + alpha / size · Σ x²)^beta, the sum over `size` neighbouring channels.

    Source: Krizhevsky et al. 2012, ImageNet classification with deep convolutional neural networks, section 3.3.
    """
    x = check.tensor(x, "local_response_norm")
    if x.ndim < 1:
        raise ShapeError("local_response_norm expects an axis of channels, but x has shape (). Give it (..., C).")
    if size < 1 or k <= 0 or alpha < 0:
        raise UsageError(
            f"local_response_norm expects size of at least 1, k above 0 and alpha of at least 0, but received "
            f"size={size}, k={k}, alpha={alpha}. The paper has size=5, k=2, alpha=5e-4, beta=0.75."
        )
    result: Tensor = _LocalResponseNorm.apply(x, size, alpha, beta, k)
    return result


def _checked(
    op: str, x: Tensor | Array, activation: str | Activation, residual: Tensor | None, **rows: Tensor | Array
) -> tuple[Tensor, Activation]:
    x = check.tensor(x, op)
    if x.ndim < 2:
        raise ShapeError(f"{op} expects a batch (..., C), but x has shape {x.shape}. Add the axis of the batch.")
    for name, row in rows.items():
        if row.shape != x.shape[-1:]:
            raise ShapeError(
                f"{op} expects {name} of shape {x.shape[-1:]}, one number per channel of x {x.shape}, but received "
                f"{row.shape}. Was it made for another layer?"
            )
    if residual is not None and residual.shape != x.shape:
        raise ShapeError(
            f"{op} expects a residual of the shape of x, {x.shape}, but received {residual.shape}. "
            "Bring the shortcut to that shape first, with a 1x1 convolution."
        )
    return x, check.activation_of(activation, op)


def scale_channels(x: Tensor | Array, s: Tensor | Array) -> Tensor:
    """x (N, H, W, C) · s (N, C): every channel of every image by a factor of its own.

    Source: Hu et al. 2017, arXiv:1709.01507, equation 4.
    """
    x, s = check.tensor(x, "scale_channels"), check.tensor(s, "scale_channels")
    check.images(x.shape, "scale_channels")
    if s.shape != (x.shape[0], x.shape[3]):
        raise ShapeError(
            f"scale_channels expects factors of shape {(x.shape[0], x.shape[3])}, one per image and channel of x "
            f"{x.shape}, but received {s.shape}. Do they come from another layer?"
        )
    result: Tensor = _ScaleChannels.apply(x, s)
    return result


class _BatchNorm(Function):
    """No neighbour goes back through its activation: its own backward does, from x alone."""

    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        weight: Array,
        bias: Array,
        residual: Array | None,
        running: tuple[Array, Array] | None,
        momentum: float,
        eps: float,
        activation: Activation,
    ) -> Array:
        k = kernels.of(x, weight, *(running or ()))
        y: Array
        y, mean, var = k.batch_norm(
            x, weight, bias, eps, running=running, momentum=momentum, activation=activation, residual=residual
        )
        ctx.save(x, weight, bias, mean, var, eps, activation, None if residual is None else y)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return *_gradients(ctx, dy, frozen=False), None, None, None, None


class _BatchNormFrozen(Function):
    @staticmethod
    def forward(
        ctx: Context,
        x: Array,
        weight: Array,
        bias: Array,
        residual: Array | None,
        mean: Array,
        var: Array,
        eps: float,
        activation: Activation,
    ) -> Array:
        k = kernels.of(x, weight, mean)
        y: Array = k.batch_norm_frozen(x, weight, bias, mean, var, eps, activation=activation, residual=residual)
        ctx.save(x, weight, bias, mean, var, eps, activation, None if residual is None else y)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return *_gradients(ctx, dy, frozen=True), None, None, None, None


def _gradients(ctx: Context, dy: Array, *, frozen: bool) -> tuple[Array | None, ...]:
    """By x, weight, bias and residual."""
    x, weight, bias, mean, var, eps, activation, y = ctx.saved
    k = kernels.of(dy, x, weight)
    dx, dweight, dbias, dz = k.batch_norm_dx(
        dy, x, weight, bias, mean, var, eps, activation=activation, y=y, frozen=frozen
    )
    return tuple([d if need else None for d, need in zip((dx, dweight, dbias, dz), ctx.needs[:4], strict=True)])


class _LocalResponseNorm(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
        ctx.save(x, size, alpha, beta, k)
        y: Array = kernels.of(x).local_response_norm(x, size, alpha, beta, k)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        return kernels.of(dy).local_response_norm_dx(dy, *ctx.saved), None, None, None, None


class _ScaleChannels(Function):
    @staticmethod
    def forward(ctx: Context, x: Array, s: Array) -> Array:
        ctx.save(x, s)
        y: Array = kernels.of(x, s).scale_channels(x, s)
        return y

    @staticmethod
    def backward(ctx: Context, dy: Array) -> tuple[Any, ...]:
        x, s = ctx.saved
        dx, ds = kernels.of(dy, x, s).scale_channels_dx(dy, x, s)
        return dx if ctx.needs[0] else None, ds if ctx.needs[1] else None
