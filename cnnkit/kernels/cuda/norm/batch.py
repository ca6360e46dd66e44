"""Batch norm: its sums by `reduce`, then one pass with residual and activation; and the way back alike."""

from math import prod

from cnnkit.kernels.cuda.elementwise.scalar import activated, slope_at, slope_by_output
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import sqrt
from cnnkit.kernels.cuda.machine.home import empty
from cnnkit.kernels.cuda.machine.launch import cuda, float32, int32, kernel
from cnnkit.kernels.cuda.machine.operands import Outs, changed, outs, result, single
from cnnkit.kernels.cuda.machine.ptx import div
from cnnkit.kernels.cuda.reduce import CENTRED, CENTRED_PRODUCTS, SUM, reduced
from cnnkit.kernels.shared.scalar import IDENTITY, Activation


@kernel
def mean_kernel(mean, channels, count):
    for c in range(cuda.grid(1), channels, cuda.gridsize(1)):
        mean[c] /= count


@kernel
def var_kernel(mean, var, average, average_var, channels, count, unbiased, runs, momentum):
    """The variance from the sum of squares, and the running averages where there are such."""
    for c in range(cuda.grid(1), channels, cuda.gridsize(1)):
        found = var[c] / count
        var[c] = found
        if runs:
            kept = float32(1) - momentum
            average[c] = kept * average[c] + momentum * mean[c]
            average_var[c] = kept * average_var[c] + momentum * (found * unbiased)


@kernel
def scaled_kernel(x, weight, bias, mean, var, residual, y, count, channels, eps, adds, kind, slope):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        c = int32(i - div(i, channels) * channels)
        value = (x[i] - mean[c]) * (weight[c] / sqrt(var[c] + eps)) + bias[c]
        if adds:
            value += residual[i]
        y[i] = activated(value, kind, slope)


@kernel
def gated_kernel(dy, x, weight, bias, mean, var, y, dz, count, channels, eps, told, kind, slope):
    """dz = dy · act'(z); told: by the output y, else from x."""
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        if told:
            dz[i] = dy[i] * slope_by_output(y[i], kind, slope)
        else:
            c = int32(i - div(i, channels) * channels)
            z = (x[i] - mean[c]) * (weight[c] / sqrt(var[c] + eps)) + bias[c]
            dz[i] = dy[i] * slope_at(z, kind, slope)


@kernel
def dweight_kernel(dweight, var, channels, eps):
    for c in range(cuda.grid(1), channels, cuda.gridsize(1)):
        dweight[c] /= sqrt(var[c] + eps)


@kernel
def dx_kernel(dz, x, weight, mean, var, dweight, dbias, dx, count, channels, eps, pixels, frozen):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        c = int32(i - div(i, channels) * channels)
        rstd = float32(1) / sqrt(var[c] + eps)
        value = dz[i]
        if frozen == 0:
            value -= (dbias[c] + (x[i] - mean[c]) * rstd * dweight[c]) / pixels
        dx[i] = value * (weight[c] * rstd)


def batch_norm(
    x: DeviceArray,
    weight: DeviceArray,
    bias: DeviceArray,
    eps: float,
    *,
    running: tuple[DeviceArray, DeviceArray] | None = None,
    momentum: float = 0.1,
    activation: Activation = IDENTITY,
    residual: DeviceArray | None = None,
    out: Outs | None = None,
) -> tuple[DeviceArray, DeviceArray, DeviceArray]:
    """y = act((x - mean[c]) · rstd[c] · weight[c] + bias[c] + residual), mean, var."""
    into, into_mean, into_var = outs(out, 3)
    C, pixels = x.shape[-1], prod(x.shape[:-1])
    x = single(x)
    y, mean, var = result(x.shape, into), result((C,), into_mean), result((C,), into_var)
    reduced(x, (1, pixels, C), SUM, mean)
    mean_kernel.over(C, mean, C, float(pixels))
    reduced(x, (1, pixels, C), CENTRED, var, centre=mean)
    averages = (mean, var) if running is None else (changed(running[0]), changed(running[1]))
    unbiased = pixels / max(pixels - 1, 1)
    var_kernel.over(C, mean, var, *averages, C, float(pixels), unbiased, int(running is not None), float(momentum))
    _scaled(x, weight, bias, mean, var, eps, activation, residual, y)
    return y, mean, var


def batch_norm_frozen(
    x: DeviceArray,
    weight: DeviceArray,
    bias: DeviceArray,
    mean: DeviceArray,
    var: DeviceArray,
    eps: float,
    *,
    activation: Activation = IDENTITY,
    residual: DeviceArray | None = None,
    out: DeviceArray | None = None,
) -> DeviceArray:
    """`batch_norm` by a mean and a variance that are known beforehand."""
    return _scaled(single(x), weight, bias, mean, var, eps, activation, residual, result(x.shape, out))


def batch_norm_dx(
    dy: DeviceArray,
    x: DeviceArray,
    weight: DeviceArray,
    bias: DeviceArray,
    mean: DeviceArray,
    var: DeviceArray,
    eps: float,
    *,
    activation: Activation = IDENTITY,
    y: DeviceArray | None = None,
    frozen: bool = False,
    out: Outs | None = None,
) -> tuple[DeviceArray, DeviceArray, DeviceArray, DeviceArray | None]:
    """dx, dweight, dbias, and dz where y was given."""
    into, into_weight, into_bias, into_dz = outs(out, 4)
    C, pixels = x.shape[-1], prod(x.shape[:-1])
    dy, x = single(dy), single(x)
    dx, dweight, dbias = result(x.shape, into), result((C,), into_weight), result((C,), into_bias)
    dz = empty(x.shape) if y is None else result(x.shape, into_dz)
    known = single(weight), single(bias), single(mean), single(var)
    gate, numbers = dy if y is None else single(y), (int(y is not None), *activation)
    gated_kernel.over(x.size, dy, x, *known, gate, dz, x.size, C, float(eps), *numbers)
    reduced(dz, (1, pixels, C), SUM, dbias)
    reduced(dz, (1, pixels, C), CENTRED_PRODUCTS, dweight, other=x, centre=known[2])
    dweight_kernel.over(C, dweight, known[3], C, float(eps))
    sizes = x.size, C, float(eps), float(max(pixels, 1)), int(frozen)
    dx_kernel.over(x.size, dz, x, known[0], *known[2:], dweight, dbias, dx, *sizes)
    return dx, dweight, dbias, None if y is None else dz


def _scaled(
    x: DeviceArray,
    weight: DeviceArray,
    bias: DeviceArray,
    mean: DeviceArray,
    var: DeviceArray,
    eps: float,
    activation: Activation,
    residual: DeviceArray | None,
    y: DeviceArray,
) -> DeviceArray:
    known = single(weight), single(bias), single(mean), single(var)
    beside = x if residual is None else single(residual)
    numbers = float(eps), int(residual is not None), *activation
    scaled_kernel.over(x.size, x, *known, beside, y, x.size, x.shape[-1], *numbers)
    return y
