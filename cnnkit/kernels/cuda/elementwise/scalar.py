"""The activation functions of `shared/scalar.py` and their slopes, in float32: every constant there is a double."""

from cnnkit.kernels.cuda.machine.functions import exp, tanh
from cnnkit.kernels.cuda.machine.launch import device, float32
from cnnkit.kernels.shared.scalar import (
    HARD_SIGMOID_KIND,
    HARD_SWISH_KIND,
    LEAKY_KIND,
    RELU6_KIND,
    RELU_KIND,
    SIGMOID_KIND,
    SWISH_KIND,
    TANH_KIND,
)


@device
def sigmoid(x):
    one = float32(1)
    z = exp(-abs(x))
    return one / (one + z) if x >= float32(0) else z / (one + z)


@device
def relu6(x):
    if x < float32(0):
        return float32(0)
    return float32(6) if x > float32(6) else x


@device
def activated(x, kind, slope):
    """The activation function of one number; NaN stays."""
    if kind == RELU_KIND:
        return float32(0) if x < float32(0) else x
    if kind == LEAKY_KIND:
        return x if x > float32(0) else slope * x
    if kind == RELU6_KIND:
        return relu6(x)
    if kind == SIGMOID_KIND:
        return sigmoid(x)
    if kind == HARD_SIGMOID_KIND:
        return relu6(x + float32(3)) / float32(6)
    if kind == HARD_SWISH_KIND:
        return x * (relu6(x + float32(3)) / float32(6))
    if kind == SWISH_KIND:
        return x * sigmoid(x)
    if kind == TANH_KIND:
        return tanh(x)
    return x


@device
def slope_by_output(y, kind, slope):
    """Derivative of a function told_by_output, from its OUTPUT y."""
    one, zero = float32(1), float32(0)
    if kind == RELU_KIND:
        return one if y > zero else zero
    if kind == LEAKY_KIND:
        return one if y > zero else slope
    if kind == RELU6_KIND:
        return one if zero < y and y < float32(6) else zero
    if kind == SIGMOID_KIND:
        return y * (one - y)
    if kind == TANH_KIND:
        return one - y * y
    if kind == HARD_SIGMOID_KIND:
        return one / float32(6) if zero < y and y < one else zero
    return one


@device
def slope_at(z, kind, slope):
    """Derivative of any activation function at its INPUT z."""
    one, zero, three = float32(1), float32(0), float32(3)
    if kind == HARD_SWISH_KIND:
        if z > -three:
            return z / three + float32(0.5) if z < three else one
        return zero
    if kind == SWISH_KIND:
        return sigmoid(z) * (one + z * (one - sigmoid(z)))
    if kind == LEAKY_KIND:
        return one if z > zero else slope
    return slope_by_output(activated(z, kind, slope), kind, slope)
