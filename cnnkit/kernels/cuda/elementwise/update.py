"""Steps of the optimisers, in place: a launch for each array of the list.

What hangs on the step alone is computed once, on the host; all else is a number or two for each element that is read.
"""

from collections.abc import Sequence

from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.functions import sqrt
from cnnkit.kernels.cuda.machine.launch import cuda, float32, kernel
from cnnkit.kernels.cuda.machine.operands import changed, single

List = Sequence[DeviceArray]


@kernel
def sgd_kernel(w, dw, velocity, count, rate, momentum, nesterov, decay):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        step = dw[i] + decay * w[i]
        if momentum >= float32(0):  # below: there is no velocity
            plain = step
            step = momentum * velocity[i] + plain
            velocity[i] = step
            if nesterov:
                step = plain + momentum * step
        w[i] -= rate * step


@kernel
def adam_kernel(w, dw, m, v, count, rate, kept, added, m_scale, v_scale, beta1, rest1, beta2, rest2, eps):
    """kept: what decoupled decay leaves of w.   added: decay of the gradient.   *_scale: 1 / (1 - beta^step)."""
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        weight = w[i]
        gradient = dw[i] + added * weight
        mean = beta1 * m[i] + rest1 * gradient
        square = beta2 * v[i] + rest2 * (gradient * gradient)
        m[i] = mean
        v[i] = square
        w[i] = weight * kept - rate * (mean * m_scale) / (sqrt(square * v_scale) + eps)


@kernel
def ema_kernel(average, w, count, decay, rest):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        average[i] = decay * average[i] + rest * w[i]


@kernel
def scale_kernel(x, count, factor):
    for i in range(cuda.grid(1), count, cuda.gridsize(1)):
        x[i] *= factor


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
    moving = velocity or w
    each = zip(w, dw, moving, factors or [1.0] * len(w), weight_decay or [0.0] * len(w), strict=True)
    for weight, gradient, moves, factor, decay in each:
        numbers = float(lr * factor), float(momentum) if velocity else -1.0, int(nesterov), float(decay)
        count = weight.size
        sgd_kernel.over(count, changed(weight), single(gradient), changed(moves), count, *numbers)


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
    each = zip(w, dw, m, v, factors or [1.0] * len(w), weight_decay or [0.0] * len(w), strict=True)
    for weight, gradient, mean, square, factor, decay in each:
        rate = lr * factor
        numbers = rate, 1 - rate * decay if decoupled else 1.0, 0.0 if decoupled else decay, *scales
        arrays = changed(weight), single(gradient), changed(mean), changed(square)
        adam_kernel.over(weight.size, *arrays, weight.size, *map(float, numbers))


def ema(average: List, w: List, decay: float) -> None:
    """The running mean of the weights: average ← decay·average + (1 - decay)·w."""
    for mean, now in zip(average, w, strict=True):
        ema_kernel.over(mean.size, changed(mean), single(now), mean.size, float(decay), float(1 - decay))


def scale(x: List, factor: float) -> None:
    """x ← factor·x."""
    for array in x:
        scale_kernel.over(array.size, changed(array), array.size, float(factor))
