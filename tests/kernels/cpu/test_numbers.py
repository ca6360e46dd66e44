"""Numbers that change from step to step are arguments: nothing is compiled for them, and Python's own will do."""

import numpy as np
import pytest

from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.machine import jit

X = np.ones((3, 5), np.float32)
ROW = np.ones(5, np.float32)

# Every kernel with such a number, called with that of a step.
CALLS = {
    "sgd": lambda n: cpu.sgd([X], [X], [X], lr=0.1 / n, factors=[n], momentum=0.9, weight_decay=[0.1 * n]),
    "adam": lambda n: cpu.adam([X], [X], [X], [X], lr=0.1 / n, factors=[n], beta1=0.9, weight_decay=[0.1 * n], step=n),
    "ema": lambda n: cpu.ema([X], [X], 1 - 1 / n),
    "scale": lambda n: cpu.scale([X], 1 / n),
    "dropout": lambda n: cpu.dropout(X, 1 / n, (n, np.array(2**40 * n))),
    "uniform": lambda n: cpu.uniform((5,), (2**60 * n, n)),
    "batch_norm": lambda n: cpu.batch_norm(X, ROW, ROW, 1e-5, running=(ROW, ROW), momentum=1 / n),
    "multiply": lambda n: cpu.multiply(X, 1 / n),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("numbers", [(2, 3, 8), (2.0, np.float64(3), np.float32(8))], ids=["python", "numpy"])
def test_the_numbers_of_other_steps_compile_nothing(name, numbers):
    if name in ("dropout", "uniform"):
        numbers = tuple(int(n) for n in numbers)
    CALLS[name](1)
    before = jit.specialisations()
    for n in numbers:
        CALLS[name](n)
    assert jit.specialisations() == before
