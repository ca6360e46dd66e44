"""One formula for all machines: activation functions and their slopes, for one number."""

import math
from typing import NamedTuple

from numba import njit


class Activation(NamedTuple):
    """Which function follows a layer. Flat, so that Numba passes it through every kernel."""

    kind: int
    slope: float = 0.0


IDENTITY_KIND, RELU_KIND, LEAKY_KIND, RELU6_KIND, SIGMOID_KIND = range(5)

IDENTITY = Activation(IDENTITY_KIND)
RELU = Activation(RELU_KIND)
RELU6 = Activation(RELU6_KIND)
SIGMOID = Activation(SIGMOID_KIND)


def leaky(slope: float = 0.01) -> Activation:
    """x where x > 0, slope·x elsewhere; the leaky relu of slope 0 is relu."""
    return Activation(LEAKY_KIND, float(slope)) if slope else RELU


ACTIVATIONS: dict[str, Activation] = {
    "identity": IDENTITY,
    "relu": RELU,
    "relu6": RELU6,
    "leaky_relu": leaky(),
    "sigmoid": SIGMOID,
}


@njit(inline="always")
def relu(x):
    """max(x, 0), written so that NaN fails the comparison and stays."""
    return 0.0 if x < 0 else x


@njit(inline="always")
def relu6(x):
    """min(max(x, 0), 6), written so that NaN fails both comparisons and stays."""
    if x < 0:
        return 0.0
    return 6.0 if x > 6 else x


@njit(inline="always")
def leaky_relu(x, slope):
    """x where x > 0, slope·x elsewhere."""
    return x if x > 0 else slope * x


@njit(inline="always")
def sigmoid(x):
    """1 / (1 + e^-x), from the exponential that cannot overflow."""
    z = math.exp(-abs(x))
    return 1 / (1 + z) if x >= 0 else z / (1 + z)


@njit
def activate_scalar(x, kind, slope):
    """The activation function of one number."""
    if kind == RELU_KIND:
        return relu(x)
    if kind == LEAKY_KIND:
        return leaky_relu(x, slope)
    if kind == RELU6_KIND:
        return relu6(x)
    if kind == SIGMOID_KIND:
        return sigmoid(x)
    return x


@njit
def activate_slope(y, kind, slope):
    """Derivative of the activation function, told from its OUTPUT y; at the corner of relu and relu6 it is 0."""
    if kind == RELU_KIND:
        return 1.0 if y > 0 else 0.0
    if kind == LEAKY_KIND:
        return 1.0 if y > 0 else slope
    if kind == RELU6_KIND:
        return 1.0 if 0 < y < 6 else 0.0
    if kind == SIGMOID_KIND:
        return y * (1.0 - y)
    return 1.0
