"""A gated recurrent unit: gates from the pixel's own part and the state of the pixel before."""

import math

import numpy as np

from cnnkit.engine.explain.arithmetic.draft import Draft, Index, is_batch_of_one, number, terms
from cnnkit.engine.explain.sum import Terms
from cnnkit.engine.explain.walk import Step
from cnnkit.kernels.shared.scalar import SIGMOID, activate_scalar


def gru(step: Step, at: Index) -> Draft:
    """(1 - z) · n + z · h, as `ops.gru` writes it.

    Terms: the pixel's own part for r, z and n; then the state before, h, once with the weights of each of the three.
    numbers: bias_r, bias_z, bias_n, and what follows: r, z, n, and h of the unit itself.
    """
    _, w, b, axis = step.args
    _, U, _ = w.shape
    d, unit = divmod(at[3], U)
    own = terms(step, 0, [(*at[:3], (3 * d + gate) * U + unit) for gate in range(3)])
    before = at[axis] + (1 if d else -1)
    there = 0 <= before < step.result.shape[axis]
    place = (*at[:axis], before, *at[axis + 1 : 3])
    recurrent = step.array(1)[d]
    read = [_states(step, place, d * U, U, recurrent[:, gate * U + unit], there) for gate in range(3)]
    bias = [number(b, (3 * d + gate) * U + unit) for gate in range(3)]
    sums = [part.total + one for part, one in zip(read, bias, strict=True)]
    r, z = (activate_scalar(float(own.values[gate]) + sums[gate], *SIGMOID) for gate in range(2))
    n, h = math.tanh(float(own.values[2]) + r * sums[2]), float(read[0].values[unit])
    numbers = dict(zip(("bias_r", "bias_z", "bias_n"), bias, strict=True)) | {"r": r, "z": z, "n": n, "h": h}
    return Draft("recurrent", (own, *read), numbers, total=(1 - z) * n + z * h)


def _states(step: Step, place: Index, first: int, units: int, weights: "np.ndarray", there: bool) -> Terms:
    """The state of the pixel before, from the step's own result; zeros before the first."""
    array = step.result.numpy()
    index = np.array([(*place, first + unit) for unit in range(units)])
    values = array[place][first : first + units].astype(np.float64) if there else np.zeros(units)
    places = index[:, 1:] if is_batch_of_one(array.shape) else index
    return Terms(step.number, places, np.full(units, there), values, weights.astype(np.float64), (units,))
