"""Activation functions, element by element."""

from cnnkit.kernels.cuda.elementwise.scalar import activated, slope_at, slope_by_output
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import cuda, kernel
from cnnkit.kernels.cuda.machine.operands import result, single
from cnnkit.kernels.shared.scalar import Activation


@kernel
def activate_kernel(x, y, count, kind, slope):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        y[i] = activated(x[i], kind, slope)


@kernel
def activate_dx_kernel(dy, y, dx, count, kind, slope):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        dx[i] = dy[i] * slope_by_output(y[i], kind, slope)


@kernel
def activate_dx_at_kernel(dy, z, dz, count, kind, slope):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        dz[i] = dy[i] * slope_at(z[i], kind, slope)


def activate(x: DeviceArray, activation: Activation, *, out: DeviceArray | None = None) -> DeviceArray:
    """y = act(x)."""
    y = result(x.shape, out)
    activate_kernel.over(x.size, single(x), y, x.size, *activation)
    return y


def activate_dx(
    dy: DeviceArray, y: DeviceArray, activation: Activation, *, out: DeviceArray | None = None
) -> DeviceArray:
    """dx = dy · act'(x), the slope told from the output y."""
    dx = result(y.shape, out)
    activate_dx_kernel.over(y.size, single(dy), single(y), dx, y.size, *activation)
    return dx


def activate_dx_at(
    dy: DeviceArray, z: DeviceArray, activation: Activation, *, out: DeviceArray | None = None
) -> DeviceArray:
    """dz = dy · act'(z), the slope computed at the input z."""
    dz = result(z.shape, out)
    activate_dx_at_kernel.over(z.size, single(dy), single(z), dz, z.size, *activation)
    return dz
