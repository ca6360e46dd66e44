"""Activation layers. Behind a Conv2d or Linear, its own `activation=` is faster."""

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.nn.module import Module


class _Pointwise(Module):
    """Abstract: the result has the shape of the input."""

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return x_shape


class ReLU(_Pointwise):
    """max(x, 0)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.relu(x)


class ReLU6(_Pointwise):
    """min(max(x, 0), 6)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.relu6(x)


class LeakyReLU(_Pointwise):
    """x where x > 0, slope·x elsewhere."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        return ops.leaky_relu(x, self.slope)

    def extra_repr(self) -> str:
        return str(self.slope)


class Sigmoid(_Pointwise):
    """1 / (1 + e^-x)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.sigmoid(x)


class HardSigmoid(_Pointwise):
    """relu6(x + 3) / 6."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.hard_sigmoid(x)


class HardSwish(_Pointwise):
    """x · relu6(x + 3) / 6."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.hard_swish(x)


class Swish(_Pointwise):
    """x · sigmoid(x)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.swish(x)


class Tanh(_Pointwise):
    """(e^x - e^-x) / (e^x + e^-x)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.tanh(x)


class Softmax(_Pointwise):
    """e^x / Σ e^x over the last axis."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.softmax(x)
