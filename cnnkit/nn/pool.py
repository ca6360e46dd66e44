"""Pooling layers."""

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.kernels.shared.geometry import output_hw
from cnnkit.nn.module import Module
from cnnkit.ops.check import pixels
from cnnkit.ops.pool import check_pool, pool_window
from cnnkit.ops.window import Padding, Pair, pair

# With stride 2, padding behind rounds the size up: a last row or column that fills only a part of a window counts.
ROUND_UP = ((0, 1), (0, 1))


class _WindowPool(Module):
    """Abstract: what pools with a sliding window share. Padding "same" is TensorFlow's, see `ops.window_over`."""

    def __init__(self, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        check_pool(kernel_size, stride, padding)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        kernel, win = pool_window(x_shape, self.kernel_size, self.stride, self.padding, type(self).__name__)
        return x_shape[0], *output_hw(x_shape, kernel, win), x_shape[3]

    def extra_repr(self) -> str:
        told = ["x".join(str(size) for size in pair("kernel_size", self.kernel_size))]
        told += [f"stride={self.stride}"] * (self.stride is not None) + [f"padding={self.padding}"] * (
            self.padding != 0
        )
        return ", ".join(told)


class MaxPool2d(_WindowPool):
    """The greatest pixel of every window."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.max_pool2d(x, self.kernel_size, self.stride, self.padding)


class AvgPool2d(_WindowPool):
    """The mean of every window.

    count_padding: whether zeros outside the image take part in it; by default they do, except with padding
    "same", as in TensorFlow.
    """

    def __init__(
        self, kernel_size: Pair, stride: Pair | None = None, padding: Padding = 0, *, count_padding: bool | None = None
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.count_padding = count_padding

    def forward(self, x: Tensor) -> Tensor:
        return ops.avg_pool2d(x, self.kernel_size, self.stride, self.padding, count_padding=self.count_padding)


class AdaptiveAvgPool2d(Module):
    """The mean of each of size[0]·size[1] bins that cover the image, however large it is."""

    def __init__(self, size: Pair) -> None:
        self.size = pair("size", size)

    def forward(self, x: Tensor) -> Tensor:
        return ops.adaptive_avg_pool2d(x, self.size)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        pixels(x_shape, "AdaptiveAvgPool2d")
        return x_shape[0], *self.size, x_shape[3]

    def extra_repr(self) -> str:
        return "x".join(str(size) for size in self.size)


class GlobalAvgPool2d(Module):
    """The mean of every channel: (N, H, W, C) -> (N, C)."""

    def forward(self, x: Tensor) -> Tensor:
        return ops.global_avg_pool2d(x)

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        pixels(x_shape, "GlobalAvgPool2d")
        return x_shape[0], x_shape[3]
