"""The dense layer."""

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.scalar import Activation
from cnnkit.nn.init import he_normal
from cnnkit.nn.module import Module, Parameter
from cnnkit.ops.check import activation_of
from cnnkit.ops.linear import linear_shape


class Linear(Module):
    """(N, in_features) -> (N, out_features): activation(x · weight + bias)."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        bias: bool = True,
        activation: str | Activation = "identity",
        rng: np.random.Generator | None = None,
    ) -> None:
        if in_features < 1 or out_features < 1:
            raise UsageError(
                f"Linear expects in_features (={in_features}) and out_features (={out_features}) of at least 1. "
                "Is the image too small for the layers before?"
            )
        self.activation = activation
        activation_of(activation, "Linear")
        shape = (in_features, out_features)
        self.weight = Parameter(he_normal(rng or np.random.default_rng(0), shape, shape))
        self.bias = Parameter(np.zeros(out_features, np.float32)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return ops.linear(x, self.weight, self.bias, activation=self.activation)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return linear_shape(x_shape, self.weight.shape)

    def multiply_adds(self, x_shape: tuple[int, ...]) -> int:
        return self.output_shape(x_shape)[0] * self.weight.size

    def extra_repr(self) -> str:
        told = [f"{self.weight.shape[0]}, {self.weight.shape[1]}"]
        told += ["bias=False"] * (self.bias is None) + [str(self.activation)] * (self.activation != "identity")
        return ", ".join(told)
