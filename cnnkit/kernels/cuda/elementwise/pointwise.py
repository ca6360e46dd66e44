"""Arithmetic, element by element, with NumPy's rules of broadcasting; one operand may be a number.

Memory sets the pace, so one kernel knows all operations: which it is, is the same for every thread.
"""

from typing import Any

import numpy as np

from cnnkit.kernels.cuda.elementwise.broadcast import Brought, brought
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import exp as e_to
from cnnkit.kernels.cuda.machine.functions import log as ln
from cnnkit.kernels.cuda.machine.functions import log1p
from cnnkit.kernels.cuda.machine.functions import sqrt as root
from cnnkit.kernels.cuda.machine.launch import cuda, device, float32, int32, kernel
from cnnkit.kernels.cuda.machine.move import fill, place
from cnnkit.kernels.cuda.machine.operands import FLOAT, kind_of, result, single, whole
from cnnkit.kernels.cuda.machine.ptx import div

ADD, SUBTRACT, MULTIPLY, DIVIDE, MAXIMUM, MINIMUM = range(6)
NEGATE, EXP, LOG, SOFTPLUS, SQRT = range(5)


@device
def of_two(p, q, kind):
    if kind == ADD:
        return p + q
    if kind == SUBTRACT:
        return p - q
    if kind == MULTIPLY:
        return p * q
    if kind == DIVIDE:
        return p / q
    if kind == MAXIMUM:  # a NaN in p fails the comparison, one in q is asked for
        return q if q > p or q != q else p
    return q if q < p or q != q else p


@device
def of_one(p, kind):
    if kind == NEGATE:
        return -p
    if kind == EXP:
        return e_to(p)
    if kind == LOG:
        return ln(p)
    if kind == SQRT:
        return root(p)
    zero = float32(0)  # softplus, from the exponential that cannot overflow
    return (p if p > zero else (zero if p == p else p)) + log1p(e_to(-abs(p)))


@kernel
def of_one_kernel(x, y, count, kind):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        y[i] = of_one(x[i], kind)


@kernel
def of_two_kernel(x, y, result, count, size, x_at, y_at, number, numbers, kind):
    """Two axes at most: rows of `size`. numbers: 1 if x is the number, 2 if y is."""
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        row = div(i, size)
        column = int32(i - row * size)
        p = number if numbers == 1 else x[row * x_at[0] + column * x_at[1]]
        q = number if numbers == 2 else y[row * y_at[0] + column * y_at[1]]
        result[i] = of_two(p, q, kind)


@kernel
def of_two_broadcast_kernel(x, y, result, count, sizes, x_at, y_at, number, numbers, kind):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        p = number if numbers == 1 else x[place(i, sizes, x_at)]
        q = number if numbers == 2 else y[place(i, sizes, y_at)]
        result[i] = of_two(p, q, kind)


@kernel
def equal_kernel(x, y, result, count, sizes, x_at, y_at, number, numbers):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        one, zero = float32(1), float32(0)
        if numbers == 1:
            result[i] = one if y[place(i, sizes, y_at)] == number else zero
        elif numbers == 2:
            result[i] = one if x[place(i, sizes, x_at)] == number else zero
        else:
            result[i] = one if x[place(i, sizes, x_at)] == y[place(i, sizes, y_at)] else zero


@kernel
def where_kernel(condition, x, y, result, count, sizes, c_at, x_at, y_at, x_number, y_number, numbers):
    """numbers: one bit if x is a number, two if y is."""
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        if condition[place(i, sizes, c_at)] != 0:
            if numbers & 1:
                result[i] = x_number
            else:
                result[i] = x[place(i, sizes, x_at)]
        elif numbers & 2:
            result[i] = y_number
        else:
            result[i] = y[place(i, sizes, y_at)]


@kernel
def clip_kernel(x, y, count, low, high):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        value = x[i]
        value = low if value < low else value
        y[i] = high if value > high else value


def add(x: Any, y: Any, *, out: DeviceArray | None = None) -> DeviceArray:
    """x + y."""
    return _of_two(ADD, x, y, out)


def subtract(x: Any, y: Any, *, out: DeviceArray | None = None) -> DeviceArray:
    """x - y."""
    return _of_two(SUBTRACT, x, y, out)


def multiply(x: Any, y: Any, *, out: DeviceArray | None = None) -> DeviceArray:
    """x · y."""
    return _of_two(MULTIPLY, x, y, out)


def divide(x: Any, y: Any, *, out: DeviceArray | None = None) -> DeviceArray:
    """x / y."""
    return _of_two(DIVIDE, x, y, out)


def maximum(x: Any, y: Any, *, out: DeviceArray | None = None) -> DeviceArray:
    """The greater of x and y; NaN where either is."""
    return _of_two(MAXIMUM, x, y, out)


def minimum(x: Any, y: Any, *, out: DeviceArray | None = None) -> DeviceArray:
    """The smaller of x and y; NaN where either is."""
    return _of_two(MINIMUM, x, y, out)


def equal(x: Any, y: Any, *, out: DeviceArray | None = None) -> DeviceArray:
    """1 where x equals y, else 0, as floats; integers are compared as such."""
    shape, (p, q), number, numbers, (sizes, at) = _operands(x, y)
    found = result(shape, out)
    kind = (q if numbers == 1 else p).dtype.kind
    same = float(number) if kind == "f" else _whole(number) if number == int(number) else None
    if same is None:  # no integer equals a fraction
        return fill(found, 0.0)
    equal_kernel.over(found.size, p, q, found, found.size, sizes, *at, same, numbers)
    return found


def _whole(number: float) -> Any:
    """A whole number as a kernel takes it: of 64 bits where 32 do not hold it."""
    return int(number) if -(1 << 31) <= number < 1 << 31 else np.int64(number)


def where(condition: Any, x: Any, y: Any, *, out: DeviceArray | None = None) -> DeviceArray:
    """x where the condition is not 0, else y; of integers an array of their type."""
    kind = kind_of(x, y)
    arrays = [condition, *(value for value in (x, y) if isinstance(value, DeviceArray))]
    shape, sizes, strides = brought(*arrays)
    found = result(shape, out, kind)
    at, given, own = iter(strides[1:]), [], []
    for value in (x, y):
        is_array = isinstance(value, DeviceArray)
        given.append((whole(value), next(at)) if is_array else (found, strides[0]))
        own.append(0 if is_array else value)
    number = float if kind == FLOAT else _whole
    numbers = (not isinstance(x, DeviceArray)) + 2 * (not isinstance(y, DeviceArray))
    (p, p_at), (q, q_at) = given
    values = number(own[0]), number(own[1])
    where_kernel.over(
        found.size, whole(condition), p, q, found, found.size, sizes, strides[0], p_at, q_at, *values, numbers
    )
    return found


def negate(x: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """-x."""
    return _of_one(NEGATE, x, out)


def exp(x: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """e^x."""
    return _of_one(EXP, x, out)


def log(x: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """The natural logarithm."""
    return _of_one(LOG, x, out)


def softplus(x: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """log(1 + e^x)."""
    return _of_one(SOFTPLUS, x, out)


def sqrt(x: DeviceArray, *, out: DeviceArray | None = None) -> DeviceArray:
    """The square root."""
    return _of_one(SQRT, x, out)


def clip(x: DeviceArray, low: float, high: float, *, out: DeviceArray | None = None) -> DeviceArray:
    """x, but no less than low and no more than high; NaN stays."""
    y = result(x.shape, out)
    clip_kernel.over(x.size, single(x), y, x.size, float(low), float(high))
    return y


def _of_one(kind: int, x: DeviceArray, out: DeviceArray | None) -> DeviceArray:
    y = result(x.shape, out)
    of_one_kernel.over(x.size, single(x), y, x.size, kind)
    return y


def _of_two(kind: int, x: Any, y: Any, out: DeviceArray | None) -> DeviceArray:
    shape, (p, q), number, numbers, (sizes, at) = _operands(x, y)
    found, p, q, value = result(shape, out), single(p), single(q), float(number)
    if all(size == 1 for size in sizes[:-2]):
        rows = (steps[-2:] for steps in at)
        of_two_kernel.over(found.size, p, q, found, found.size, sizes[-1], *rows, value, numbers, kind)
    else:
        of_two_broadcast_kernel.over(found.size, p, q, found, found.size, sizes, *at, value, numbers, kind)
    return found


def _operands(x: Any, y: Any) -> tuple[tuple[int, ...], list[DeviceArray], float, int, Brought]:
    """The result's shape; both arrays, one of them twice where the other is a number; that; which it is; their axes."""
    if isinstance(x, DeviceArray) and isinstance(y, DeviceArray):
        arrays, number, numbers = [whole(x), whole(y)], 0.0, 0
    else:
        numbers = 2 if isinstance(x, DeviceArray) else 1
        array, number = (x, y) if numbers == 2 else (y, x)
        arrays = [whole(array)] * 2
    shape, sizes, strides = brought(*arrays)
    return shape, arrays, number, numbers, (sizes, strides)
