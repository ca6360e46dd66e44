"""Normalisation layers."""

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.kernels.shared.scalar import Activation
from cnnkit.nn.module import Module, Parameter
from cnnkit.ops.check import activation_of


class BatchNorm2d(Module):
    """Every channel brought to mean 0 and variance 1, then scaled and shifted as learned; then a residual, activation.

    In training the batch at hand gives mean and variance, and running averages of both are kept (of the unbiased
    variance): average ← (1 - momentum)·average + momentum·batch. In use those are taken.

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167.
    """

    running_mean: Array
    running_var: Array

    def __init__(
        self, channels: int, *, eps: float = 1e-5, momentum: float = 0.1, activation: str | Activation = "identity"
    ) -> None:
        if channels < 1:
            raise UsageError(f"BatchNorm2d expects channels of at least 1, but received {channels}.")
        self.eps, self.momentum, self.activation = eps, momentum, activation
        activation_of(activation, "BatchNorm2d")
        self.weight = Parameter(np.ones(channels, np.float32))
        self.bias = Parameter(np.zeros(channels, np.float32))
        self.register_buffer("running_mean", Tensor(np.zeros(channels, np.float32)).data)
        self.register_buffer("running_var", Tensor(np.ones(channels, np.float32)).data)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        if not self.training:
            return ops.batch_norm_frozen(
                x,
                self.weight,
                self.bias,
                self.running_mean,
                self.running_var,
                eps=self.eps,
                activation=self.activation,
                residual=residual,
            )
        return ops.batch_norm(
            x,
            self.weight,
            self.bias,
            running=(self.running_mean, self.running_var),
            momentum=self.momentum,
            eps=self.eps,
            activation=self.activation,
            residual=residual,
        )

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape

    def extra_repr(self) -> str:
        told = [str(self.weight.size)]
        told += [f"eps={self.eps}"] * (self.eps != 1e-5) + [f"momentum={self.momentum}"] * (self.momentum != 0.1)
        return ", ".join(told + [str(self.activation)] * (self.activation != "identity"))


class LocalResponseNorm(Module):
    """x / (k + alpha / size · Σ x²)^beta, the sum over `size` neighbouring channels."""

    def __init__(self, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x: Tensor) -> Tensor:
        return ops.local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
