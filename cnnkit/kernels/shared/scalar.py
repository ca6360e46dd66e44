"""One formula for all machines: activation functions and their slopes, for one number."""

import math
from typing import NamedTuple

from cnnkit.kernels.shared.inner import inlined, shared


class Activation(NamedTuple):
    """Which function follows a layer. Flat, so that Numba passes it through every kernel."""

    kind: int
    slope: float = 0.0


IDENTITY_KIND, RELU_KIND, LEAKY_KIND, RELU6_KIND, SIGMOID_KIND, HARD_SIGMOID_KIND = range(6)
HARD_SWISH_KIND, SWISH_KIND, TANH_KIND = range(6, 9)

IDENTITY = Activation(IDENTITY_KIND)
RELU = Activation(RELU_KIND)
RELU6 = Activation(RELU6_KIND)
SIGMOID = Activation(SIGMOID_KIND)
HARD_SIGMOID = Activation(HARD_SIGMOID_KIND)
HARD_SWISH = Activation(HARD_SWISH_KIND)
SWISH = Activation(SWISH_KIND)
TANH = Activation(TANH_KIND)


def told_by_output(activation: Activation) -> bool:
    """Whether the slope follows from the output, so that no layer has to keep the input for the way back.

    The swishes, and a leaky relu of negative slope, fall before they rise: two inputs share an output, which tells
    neither.
    """
    if activation.kind == LEAKY_KIND:
        return activation.slope > 0
    return activation.kind not in (HARD_SWISH_KIND, SWISH_KIND)


def leaky(slope: float = 0.01) -> Activation:
    """x where x > 0, slope·x elsewhere, for any slope; the leaky relu of slope 0 is relu."""
    return Activation(LEAKY_KIND, float(slope)) if slope else RELU


ACTIVATIONS: dict[str, Activation] = {
    "identity": IDENTITY,
    "relu": RELU,
    "relu6": RELU6,
    "leaky_relu": leaky(),
    "sigmoid": SIGMOID,
    "hard_sigmoid": HARD_SIGMOID,
    "hard_swish": HARD_SWISH,
    "swish": SWISH,
    "tanh": TANH,
}


@inlined
def relu(x):
    """max(x, 0), written so that NaN fails the comparison and stays."""
    return 0.0 if x < 0 else x


@inlined
def relu6(x):
    """min(max(x, 0), 6), written so that NaN fails both comparisons and stays."""
    if x < 0:
        return 0.0
    return 6.0 if x > 6 else x


@inlined
def leaky_relu(x, slope):
    """x where x > 0, slope·x elsewhere."""
    return x if x > 0 else slope * x


@inlined
def sigmoid(x):
    """1 / (1 + e^-x), from the exponential that cannot overflow."""
    z = math.exp(-abs(x))
    return 1 / (1 + z) if x >= 0 else z / (1 + z)


@inlined
def hard_sigmoid(x):
    """relu6(x + 3) / 6: a sigmoid of three straight lines.

    Source: Howard et al. 2019, arXiv:1905.02244, section 5.2.
    """
    return relu6(x + 3) / 6


@shared
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
    if kind == HARD_SIGMOID_KIND:
        return hard_sigmoid(x)
    if kind == HARD_SWISH_KIND:
        return x * hard_sigmoid(x)
    if kind == SWISH_KIND:
        return x * sigmoid(x)
    if kind == TANH_KIND:
        return math.tanh(x)
    return x


@shared
def activate_slope(y, kind, slope):
    """Derivative of a function told_by_output, from its OUTPUT y; at a corner it is that of the flat side."""
    if kind == RELU_KIND:
        return 1.0 if y > 0 else 0.0
    if kind == LEAKY_KIND:
        return 1.0 if y > 0 else slope
    if kind == RELU6_KIND:
        return 1.0 if 0 < y < 6 else 0.0
    if kind == SIGMOID_KIND:
        return y * (1.0 - y)
    if kind == TANH_KIND:
        return 1.0 - y * y
    if kind == HARD_SIGMOID_KIND:
        return 1 / 6 if 0 < y < 1 else 0.0
    return 1.0


@shared
def activate_slope_at(z, kind, slope):
    """Derivative of any activation function at its INPUT z."""
    if kind == HARD_SWISH_KIND:
        return (z / 3 + 0.5 if z < 3 else 1.0) if z > -3 else 0.0
    if kind == SWISH_KIND:
        return sigmoid(z) * (1.0 + z * (1.0 - sigmoid(z)))
    if kind == LEAKY_KIND:  # the sign of the input is asked, whatever that of the slope
        return 1.0 if z > 0 else slope
    return activate_slope(activate_scalar(z, kind, slope), kind, slope)
