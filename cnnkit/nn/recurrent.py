"""Recurrent layers over images: sweeps along one axis, and ReNet's along both."""

import math

import numpy as np

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.errors import ShapeError, UsageError
from cnnkit.nn.init import orthogonal, xavier_uniform
from cnnkit.nn.module import Module, Parameter
from cnnkit.ops.window import Pair, pair

AXES = {"height": 1, "width": 2}


class GRU(Module):
    """(N, H, W, in_channels) -> (N, H/ph, W/pw, D·units): a gated recurrent unit sweeps over patches along one axis.

    A patch of ph x pw pixels is one step. D is 2 where the sweep goes both ways: first the states of the way along the
    axis, then those of the way back. What is left of an image that no whole patch covers is not seen.

    Formulas and gates are torch.nn.GRU's (`ops.gru`); its weight_ih, bias_ih, weight_hh and bias_hh are here

        weight (ph, pw, in_channels, D·3·units), bias (D·3·units,): a convolution whose stride is the patch
        recurrent_weight (D, units, 3·units), recurrent_bias (D·3·units,)
    """

    def __init__(
        self,
        in_channels: int,
        units: int,
        *,
        along: str,
        bidirectional: bool = True,
        patch: Pair = 1,
        rng: np.random.Generator | None = None,
    ) -> None:
        ph, pw = pair("patch", patch)
        if along not in AXES:
            raise UsageError(f"GRU expects along to be 'height' or 'width', but received {along!r}.")
        if min(in_channels, units, ph, pw) < 1:
            raise UsageError(
                f"GRU expects in_channels (={in_channels}), units (={units}) and patch (={patch}) of at least 1."
            )
        rng = rng or np.random.default_rng(0)
        D = 2 if bidirectional else 1
        self.along, self.patch, self.units = along, (ph, pw), units
        shape = (ph, pw, in_channels, D * 3 * units)
        self.weight = Parameter(xavier_uniform(rng, shape, (ph * pw * in_channels, units)))
        self.bias = Parameter(np.zeros(D * 3 * units, np.float32))
        self.recurrent_weight = Parameter(orthogonal(rng, (D, units, 3 * units), 3))
        self.recurrent_bias = Parameter(np.zeros(D * 3 * units, np.float32))

    def forward(self, x: Tensor) -> Tensor:
        p = ops.conv2d(x, self.weight, self.bias, stride=self.patch)
        return ops.gru(p, self.recurrent_weight, self.recurrent_bias, axis=AXES[self.along])

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        (ph, pw), (D, U, _) = self.patch, self.recurrent_weight.shape
        if len(x_shape) != 4 or x_shape[3] != self.weight.shape[2]:
            raise ShapeError(f"GRU expects images (N, H, W, {self.weight.shape[2]}), but x has shape {x_shape}.")
        return x_shape[0], x_shape[1] // ph, x_shape[2] // pw, D * U

    def multiply_adds(self, x_shape: tuple[int, ...]) -> int:
        N, H, W, _ = self.output_shape(x_shape)
        return N * H * W * (self.weight.size + self.recurrent_weight.size)

    def extra_repr(self) -> str:
        told = [f"{self.weight.shape[2]}, {self.units}, along={self.along!r}"]
        told += ["bidirectional=False"] * (self.recurrent_weight.shape[0] == 1)
        told += [f"patch={self.patch}"] * (math.prod(self.patch) > 1)
        return ", ".join(told)


class ReNet(Module):
    """(N, H, W, in_channels) -> (N, H/ph, W/pw, 2·units): patches are swept up and down, and that to left and right.

    So each place has seen its column, whose places have seen their rows: the whole image, in two layers.

    Source: Visin et al. 2015, arXiv:1505.00393, section 2.
    """

    def __init__(
        self, in_channels: int, units: int, *, patch: Pair = 1, rng: np.random.Generator | None = None
    ) -> None:
        rng = rng or np.random.default_rng(0)
        self.vertical = GRU(in_channels, units, along="height", patch=patch, rng=rng)
        self.horizontal = GRU(2 * units, units, along="width", rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        return self.horizontal(self.vertical(x))

    def output_shape(self, x_shape: tuple[int, ...]) -> tuple[int, ...]:
        return self.horizontal.output_shape(self.vertical.output_shape(x_shape))
