"""Steps of the optimisers, in place, a register at a time: all parameters in one job."""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np

from cnnkit.kernels.cpu.elementwise.pieces import piece, pieces, pieces_of
from cnnkit.kernels.cpu.machine.buffers import empty
from cnnkit.kernels.cpu.machine.jit import inner, kernel
from cnnkit.kernels.cpu.machine.threads import parallel_for
from cnnkit.kernels.cpu.simd.partial import load_upto, store_upto
from cnnkit.kernels.cpu.simd.vector import LANES, fill, fma, reduce_add, sqrt, zero
from cnnkit.kernels.shared.array import Host

F32 = np.float32
# Floats summed in float32 before they join a float64 total.
RUN = 1024


@inner
def sgd_task(places, sizes, rates, decays, momentum, moves, nesterov, worker, task):
    w, dw = piece(places, sizes, 0, task), piece(places, sizes, 1 + moves, task)
    velocity = piece(places, sizes, moves, task)  # w itself where nothing moves on
    decay, keep, back = fill(decays[task]), fill(momentum), fill(-rates[task])
    for i in range(0, len(w), LANES):
        left = len(w) - i
        weight = load_upto(w, i, left)
        step = fma(decay, weight, load_upto(dw, i, left))
        if moves:
            moving = fma(keep, load_upto(velocity, i, left), step)
            store_upto(velocity, i, moving, left)
            step = fma(keep, moving, step) if nesterov else moving
        store_upto(w, i, fma(back, step, weight), left)


@kernel
def sgd_kernel(places, sizes, rates, decays, momentum, moves, nesterov):
    parallel_for(sgd_task, len(sizes), (places, sizes, rates, decays, momentum, moves, nesterov))


@inner
def adam_task(places, sizes, rates, decays, shrinks, beta1, beta2, eps, inverse, worker, task):
    """`shrinks` multiply the weight first; the rates and `inverse` hold the corrections of the two means."""
    w, m = piece(places, sizes, 0, task), piece(places, sizes, 1, task)
    v, dw = piece(places, sizes, 2, task), piece(places, sizes, 3, task)
    rest1, rest2 = fill(F32(1) - beta1), fill(F32(1) - beta2)
    rate, decay, shrink = fill(rates[task]), fill(decays[task]), fill(shrinks[task])
    for i in range(0, len(w), LANES):
        left = len(w) - i
        weight = load_upto(w, i, left)
        gradient = fma(decay, weight, load_upto(dw, i, left))
        mean = fma(fill(beta1), load_upto(m, i, left), rest1 * gradient)
        square = fma(fill(beta2), load_upto(v, i, left), rest2 * (gradient * gradient))
        store_upto(m, i, mean, left)
        store_upto(v, i, square, left)
        step = rate * mean / (sqrt(square * fill(inverse)) + fill(eps))
        store_upto(w, i, weight * shrink - step, left)


@kernel
def adam_kernel(places, sizes, rates, decays, shrinks, beta1, beta2, eps, inverse):
    numbers = places, sizes, rates, decays, shrinks, beta1, beta2, eps, inverse
    parallel_for(adam_task, len(sizes), numbers)


@inner
def ema_task(places, sizes, keep, take, worker, task):
    average, w = piece(places, sizes, 0, task), piece(places, sizes, 1, task)
    for i in range(0, len(w), LANES):
        left = len(w) - i
        v = fma(fill(take), load_upto(w, i, left), fill(keep) * load_upto(average, i, left))
        store_upto(average, i, v, left)


@kernel
def ema_kernel(places, sizes, keep, take):
    parallel_for(ema_task, len(sizes), (places, sizes, keep, take))


@inner
def scale_task(places, sizes, factor, worker, task):
    x = piece(places, sizes, 0, task)
    for i in range(0, len(x), LANES):
        left = len(x) - i
        store_upto(x, i, fill(factor) * load_upto(x, i, left), left)


@kernel
def scale_kernel(places, sizes, factor):
    parallel_for(scale_task, len(sizes), (places, sizes, factor))


@inner
def survey_task(places, sizes, squares, flaws, worker, task):
    """Of one piece the sum of squares, short float32 runs joined in float64, and 0 or (where not all is finite) NaN."""
    x = piece(places, sizes, 0, task)
    squares[task] = 0.0
    flaw = zero()
    for first in range(0, len(x), RUN):
        last = min(first + RUN, len(x))
        run = zero()
        for i in range(first, last, LANES):
            v = load_upto(x, i, last - i)
            run = fma(v, v, run)
            flaw = fma(v, zero(), flaw)  # 0 unless v is infinite or NaN
        squares[task] += reduce_add(run)
    flaws[task] = reduce_add(flaw)


@kernel
def survey_kernel(places, sizes, squares, flaws):
    parallel_for(survey_task, len(sizes), (places, sizes, squares, flaws))


def sgd(
    w: Sequence[Host],
    dw: Sequence[Host],
    velocity: Sequence[Host] | None,
    *,
    lr: float,
    factors: Sequence[float] | None = None,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: Sequence[float] | None = None,
) -> None:
    """Gradient descent with momentum, in place on w and velocity."""
    job = pieces([w] if velocity is None else [w, velocity], [dw])
    rates, decays = lr * _numbers(factors, 1.0, w), _numbers(weight_decay, 0.0, w)
    numbers = job.each(rates), job.each(decays), F32(momentum), int(velocity is not None), nesterov
    sgd_kernel(job.places, job.sizes, *numbers)


def adam(
    w: Sequence[Host],
    dw: Sequence[Host],
    m: Sequence[Host],
    v: Sequence[Host],
    *,
    lr: float,
    factors: Sequence[float] | None = None,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: Sequence[float] | None = None,
    decoupled: bool = False,
    step: int,
) -> None:
    """Adam, or (`decoupled`) AdamW, in place on w, m and v."""
    job = pieces([w, m, v], [dw])
    rates, decays = lr * _numbers(factors, 1.0, w), _numbers(weight_decay, 0.0, w)
    shrinks = 1 - rates * decays if decoupled else np.ones(len(w))
    each = job.each(rates / (1 - beta1**step)), job.each(0 * decays if decoupled else decays), job.each(shrinks)
    adam_kernel(job.places, job.sizes, *each, F32(beta1), F32(beta2), F32(eps), F32(1 / (1 - beta2**step)))


def ema(average: Sequence[Host], w: Sequence[Host], decay: float) -> None:
    """average ← decay·average + (1 - decay)·w."""
    job = pieces([average], [w])
    ema_kernel(job.places, job.sizes, F32(decay), F32(1 - decay))


def scale(x: Sequence[Host], factor: float) -> None:
    """x ← factor·x."""
    job = pieces([x])
    scale_kernel(job.places, job.sizes, F32(factor))


def square_sum(x: Sequence[Host]) -> float:
    """Σ x² over all arrays."""
    squares, flaws = _survey(x)
    ends = accumulate(pieces_of([a.size for a in x]), initial=0)
    total = float(sum(sum(squares[begin:end].tolist()) for begin, end in pairwise(ends)))
    if math.isinf(total) and not any(map(math.isnan, flaws.tolist())):  # squares too large for float32
        total = float(sum(np.square(array, dtype=np.float64).sum() for array in x))
    return total


def clip_norm(x: Sequence[Host], most: float) -> None:
    """x ← x · most / norm where their norm √(Σ x²) over all arrays is more than `most`, and finite."""
    total = square_sum(x)
    if math.isfinite(total) and total > most * most:
        scale(x, most / math.sqrt(total))


def all_finite(x: Sequence[Host]) -> bool:
    """Whether no element of any array is NaN or infinite."""
    return not any(map(math.isnan, _survey(x)[1].tolist()))


def _survey(x: Sequence[Host]) -> tuple[Host, Host]:
    job = pieces([], [x])
    squares, flaws = empty(len(job.sizes), np.float64), empty(len(job.sizes))
    survey_kernel(job.places, job.sizes, squares, flaws)
    return squares, flaws


def _numbers(given: Sequence[float] | None, otherwise: float, w: Sequence[Host]) -> Host:
    return np.array([otherwise] * len(w) if given is None else given, np.float64)
