"""Steps of the optimisers, in place: one launch for all arrays of a list (`lists.py`)."""

from collections.abc import Sequence

from cnnkit.kernels.cuda.elementwise.lists import List, each, launch, piece
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import sqrt
from cnnkit.kernels.cuda.machine.launch import THREADS, float32, kernel
from cnnkit.kernels.cuda.machine.operands import changed, single
from cnnkit.kernels.cuda.machine.ptx import number_at, put_at


@kernel(threads=THREADS)
def sgd_kernel(places, pieces, arrays, factors, decays, lr, momentum, moves, nesterov):
    """Lists: w, dw, and the velocity where it moves on."""
    which, first, last = piece(pieces)
    w, dw, velocity = places[which], places[arrays + which], places[(2 * arrays if moves else 0) + which]
    rate, decay = lr * factors[which], decays[which]
    for i in range(first, last, THREADS):
        weight = number_at(w, i)
        step = number_at(dw, i) + decay * weight
        if moves:
            plain = step
            step = momentum * number_at(velocity, i) + plain
            put_at(velocity, i, step)
            if nesterov:
                step = plain + momentum * step
        put_at(w, i, weight - rate * step)


@kernel(threads=THREADS)
def adam_kernel(
    places, pieces, arrays, factors, decays, lr, decoupled, m_scale, v_scale, beta1, rest1, beta2, rest2, eps
):
    """Lists: w, dw, m, v.   *_scale: 1 / (1 - beta^step).   decoupled: decay shrinks w, and is not of the gradient."""
    which, first, last = piece(pieces)
    w, dw, m, v = places[which], places[arrays + which], places[2 * arrays + which], places[3 * arrays + which]
    rate, decay, one, zero = lr * factors[which], decays[which], float32(1), float32(0)
    kept, added = (one - rate * decay, zero) if decoupled else (one, decay)
    for i in range(first, last, THREADS):
        weight = number_at(w, i)
        gradient = number_at(dw, i) + added * weight
        mean = beta1 * number_at(m, i) + rest1 * gradient
        square = beta2 * number_at(v, i) + rest2 * (gradient * gradient)
        put_at(m, i, mean)
        put_at(v, i, square)
        put_at(w, i, weight * kept - rate * (mean * m_scale) / (sqrt(square * v_scale) + eps))


@kernel(threads=THREADS)
def ema_kernel(places, pieces, arrays, decay, rest):
    """Lists: the average and w."""
    which, first, last = piece(pieces)
    average, w = places[which], places[arrays + which]
    for i in range(first, last, THREADS):
        put_at(average, i, decay * number_at(average, i) + rest * number_at(w, i))


@kernel(threads=THREADS)
def scale_kernel(places, pieces, arrays, factor):
    which, first, last = piece(pieces)
    x = places[which]
    for i in range(first, last, THREADS):
        put_at(x, i, number_at(x, i) * factor)


def sgd(
    w: List,
    dw: List,
    velocity: List | None,
    *,
    lr: float,
    factors: Sequence[float] | None = None,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: Sequence[float] | None = None,
) -> None:
    """Gradient descent: g = dw + weight_decay·w;  v ← momentum·v + g;  w ← w - lr·factor·v."""
    moving = [] if velocity is None else [_changed(velocity)]
    numbers = _each(factors, 1.0, w), _each(weight_decay, 0.0, w), float(lr), float(momentum)
    launch(sgd_kernel, [_changed(w), _read(dw), *moving], *numbers, int(velocity is not None), int(nesterov))


def adam(
    w: List,
    dw: List,
    m: List,
    v: List,
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
    """Adam: m ← β1·m + (1-β1)·g;  v ← β2·v + (1-β2)·g²;  w ← w - rate·m̂ / (√v̂ + eps)."""
    scales = 1 / (1 - beta1**step), 1 / (1 - beta2**step), beta1, 1 - beta1, beta2, 1 - beta2, eps
    numbers = _each(factors, 1.0, w), _each(weight_decay, 0.0, w), float(lr), int(decoupled), *map(float, scales)
    launch(adam_kernel, [_changed(w), _read(dw), _changed(m), _changed(v)], *numbers)


def ema(average: List, w: List, decay: float) -> None:
    """The running mean of the weights: average ← decay·average + (1 - decay)·w."""
    launch(ema_kernel, [_changed(average), _read(w)], float(decay), float(1 - decay))


def scale(x: List, factor: float) -> None:
    """x ← factor·x."""
    launch(scale_kernel, [_changed(x)], float(factor))


def _changed(arrays: List) -> List:
    return [changed(array) for array in arrays]


def _read(arrays: List) -> List:
    return [single(array) for array in arrays]


def _each(numbers: Sequence[float] | None, otherwise: float, w: List) -> DeviceArray:
    return each(tuple(map(float, numbers)) if numbers else (otherwise,) * len(w))
