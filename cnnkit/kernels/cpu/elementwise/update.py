"""Steps of the optimisers, in place, a register at a time."""

import numpy as np

from cnnkit.kernels.cpu.elementwise.chunks import CHUNK, chunks
from cnnkit.kernels.cpu.machine.buffers import empty, flat
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, reduce_add, sqrt, zero
from cnnkit.kernels.shared.array import Array

F32 = np.float32
# Floats summed in float32 before they join a float64 total.
RUN = 1024
# What a kernel gets in place of an array that is not there.
NOTHING = np.zeros(0, F32)


@inner
def sgd_task(w, dw, velocity, lr, momentum, nesterov, weight_decay, worker, task):
    size = min(len(w), (task + 1) * CHUNK)
    keep, back = fill(momentum), fill(-lr)
    for i in range(task * CHUNK, size, LANES):
        left = size - i
        weight = load_upto(w, i, left)
        step = fma(fill(weight_decay), weight, load_upto(dw, i, left))
        if len(velocity):
            moving = fma(keep, load_upto(velocity, i, left), step)
            store_upto(velocity, i, moving, left)
            step = fma(keep, moving, step) if nesterov else moving
        store_upto(w, i, fma(back, step, weight), left)


@kernel
def sgd_kernel(w, dw, velocity, lr, momentum, nesterov, weight_decay, tasks):
    parallel_for(sgd_task, tasks, (w, dw, velocity, lr, momentum, nesterov, weight_decay))


@inner
def adam_task(w, dw, m, v, lr, beta1, beta2, eps, shrink, weight_decay, inverse, worker, task):
    """`shrink` multiplies the weight first; lr and `inverse` hold the corrections of the two means."""
    size = min(len(w), (task + 1) * CHUNK)
    rest1, rest2 = fill(F32(1) - beta1), fill(F32(1) - beta2)
    for i in range(task * CHUNK, size, LANES):
        left = size - i
        weight = load_upto(w, i, left)
        gradient = fma(fill(weight_decay), weight, load_upto(dw, i, left))
        mean = fma(fill(beta1), load_upto(m, i, left), rest1 * gradient)
        square = fma(fill(beta2), load_upto(v, i, left), rest2 * (gradient * gradient))
        store_upto(m, i, mean, left)
        store_upto(v, i, square, left)
        step = fill(lr) * mean / (sqrt(square * fill(inverse)) + fill(eps))
        store_upto(w, i, weight * fill(shrink) - step, left)


@kernel
def adam_kernel(w, dw, m, v, lr, beta1, beta2, eps, shrink, weight_decay, inverse, tasks):
    parallel_for(adam_task, tasks, (w, dw, m, v, lr, beta1, beta2, eps, shrink, weight_decay, inverse))


@inner
def blend_task(x, y, keep, take, worker, task):
    """x ← keep·x + take·y; where y has no elements, x ← keep·x."""
    size = min(len(x), (task + 1) * CHUNK)
    for i in range(task * CHUNK, size, LANES):
        v = fill(keep) * load_upto(x, i, size - i)
        if len(y):
            v = fma(fill(take), load_upto(y, i, size - i), v)
        store_upto(x, i, v, size - i)


@kernel
def blend_kernel(x, y, keep, take, tasks):
    parallel_for(blend_task, tasks, (x, y, keep, take))


@inner
def survey_task(x, squares, flaws, worker, task):
    """Of one chunk the sum of squares, short float32 runs joined in float64, and 0 or (where not all is finite) NaN."""
    size = min(len(x), (task + 1) * CHUNK)
    squares[task] = 0.0
    flaw = zero()
    for first in range(task * CHUNK, size, RUN):
        last = min(first + RUN, size)
        run = zero()
        for i in range(first, last, LANES):
            v = load_upto(x, i, last - i)
            run = fma(v, v, run)
            flaw = fma(v, zero(), flaw)  # 0 unless v is infinite or NaN
        squares[task] += reduce_add(run)
    flaws[task] = reduce_add(flaw)


@kernel
def survey_kernel(x, squares, flaws, tasks):
    parallel_for(survey_task, tasks, (x, squares, flaws))


def sgd(
    w: Array,
    dw: Array,
    velocity: Array | None,
    *,
    lr: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> None:
    """Gradient descent with momentum, in place on w and velocity."""
    moving = NOTHING if velocity is None else velocity.reshape(-1)
    numbers = F32(lr), F32(momentum), nesterov, F32(weight_decay)
    sgd_kernel(w.reshape(-1), flat(dw), moving, *numbers, chunks(w.size))


def adam(
    w: Array,
    dw: Array,
    m: Array,
    v: Array,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
    step: int,
) -> None:
    """Adam, or (`decoupled`) AdamW, in place on w, m and v."""
    shrink, decay = (1 - lr * weight_decay, 0.0) if decoupled else (1.0, weight_decay)
    corrected = lr / (1 - beta1**step), beta1, beta2, eps, shrink, decay, 1 / (1 - beta2**step)
    arrays = w.reshape(-1), flat(dw), m.reshape(-1), v.reshape(-1)
    adam_kernel(*arrays, *map(F32, corrected), chunks(w.size))


def ema(average: Array, w: Array, decay: float) -> None:
    """average ← decay·average + (1 - decay)·w."""
    blend_kernel(average.reshape(-1), flat(w), F32(decay), F32(1 - decay), chunks(average.size))


def scale(x: Array, factor: float) -> None:
    """x ← factor·x."""
    blend_kernel(x.reshape(-1), NOTHING, F32(factor), F32(0), chunks(x.size))


def square_sum(x: Array) -> float:
    """Σ x²; infinite where a square is too large for float32."""
    return float(sum(_survey(x)[0].tolist()))


def all_finite(x: Array) -> bool:
    """Whether no element is NaN or infinite."""
    return not np.isnan(_survey(x)[1]).any()


def _survey(x: Array) -> tuple[Array, Array]:
    tasks = chunks(x.size)
    squares, flaws = empty(tasks, np.float64), empty(tasks)
    survey_kernel(flat(x), squares, flaws, tasks)
    return squares, flaws
