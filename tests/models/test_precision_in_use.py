"""How far answers of float32 lie from those of float64, beside torch's (tests/golden/record_in_use.py)."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit import kernels
from cnnkit.autograd import Tensor, no_grad
from cnnkit.graph import Planned
from cnnkit.nn.outputs import leaves

GOLDEN = Path(__file__).parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))
from in_use_problem import CASES, places, problem  # noqa: E402 - what both sides make lies beside what one has recorded

RECORDED = json.loads((GOLDEN / "in_use.json").read_text())
EPS = float(np.finfo(np.float32).eps)

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("precision", ["fast", "exact"])
@pytest.mark.parametrize(("name", "side"), CASES)
def test_answers_err_by_at_most_ten_times_what_those_of_torch_do(name, side, precision):
    """Planned or not, as shares of the largest; torch's may be nearer than one rounding of it by luck alone."""
    network, x = problem(name, side)
    with no_grad(), kernels.use(precision=precision):
        for version in (network, Planned(network)):
            found = [tensor.numpy().reshape(-1) for tensor in leaves(version(Tensor(x)))]
            for told, part in zip(found, RECORDED[name], strict=True):
                assert told.size == part["size"]
                error = np.abs(told[places(told.size)] - np.array(part["numbers"])).max()
                assert error <= 10 * max(part["torch_float32"], EPS) * part["largest"]
