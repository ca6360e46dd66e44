"""Elements moved from where they lie in one array to where they are to lie in another: the kernel of all such changes.

    y[y_first + Σ axis  i[axis]·y_strides[axis]] = x[x_first + Σ axis  i[axis]·x_strides[axis]]

A stride of 0 repeats, a negative one turns round. Neighbouring threads write neighbouring elements.
"""

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.axes import Strides, merged, padded, strides_of
from cnnkit.kernels.cuda.machine.launch import cuda, device, int32, kernel
from cnnkit.kernels.cuda.machine.ptx import div


@device
def place(i, sizes, strides):
    """Where element i of an array of six axes lies."""
    at = int32(0)
    rest = int32(i)
    q = div(rest, sizes[5])
    at += int32(rest - q * sizes[5]) * strides[5]
    rest = q
    q = div(rest, sizes[4])
    at += int32(rest - q * sizes[4]) * strides[4]
    rest = q
    q = div(rest, sizes[3])
    at += int32(rest - q * sizes[3]) * strides[3]
    rest = q
    q = div(rest, sizes[2])
    at += int32(rest - q * sizes[2]) * strides[2]
    rest = q
    q = div(rest, sizes[1])
    at += int32(rest - q * sizes[1]) * strides[1]
    return int32(at + q * strides[0])


@kernel
def move_rows_kernel(x, y, count, size, x_first, x_row, x_step, y_first, y_row, y_step):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        row = div(i, size)
        column = int32(i - row * size)
        y[y_first + row * y_row + column * y_step] = x[x_first + row * x_row + column * x_step]


@kernel
def move_kernel(x, y, count, sizes, x_first, x_strides, y_first, y_strides):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        y[y_first + place(i, sizes, y_strides)] = x[x_first + place(i, sizes, x_strides)]


@kernel
def fill_kernel(y, count, value):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        y[i] = value


def move(
    x: DeviceArray,
    y: DeviceArray,
    shape: tuple[int, ...],
    x_strides: Strides,
    y_strides: Strides,
    x_first: int = 0,
    y_first: int = 0,
) -> DeviceArray:
    """So many elements from x to y, which is returned."""
    count = 1
    for size in shape:
        count *= size
    if not count:
        return y
    sizes, (from_x, to_y) = merged(shape, x_strides, y_strides)
    if len(sizes) <= 2:
        size = sizes[-1]
        rows = (0, 0) if len(sizes) == 1 else (from_x[0], to_y[0])
        move_rows_kernel.over(count, x, y, count, size, x_first, rows[0], from_x[-1], y_first, rows[1], to_y[-1])
    else:
        wanted = padded(sizes, 1), x_first, padded(from_x, 0), y_first, padded(to_y, 0)
        move_kernel.over(count, x, y, count, *wanted)
    return y


def gather(x: DeviceArray, y: DeviceArray, x_strides: Strides, x_first: int = 0) -> DeviceArray:
    """All elements of y, from where they lie in x."""
    return move(x, y, y.shape, x_strides, strides_of(y), x_first)


def fill(y: DeviceArray, value: float) -> DeviceArray:
    """All elements of an array that is no view."""
    fill_kernel.over(y.size, y, y.size, int(value) if y.dtype.kind in "iu" else float(value))
    return y
