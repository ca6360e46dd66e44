"""SSD and SSDlite beside torchvision's in float64 (tests/golden/record_ssd.py): both learn the same, but for rounding.

In float32 SSDlite's gradients stray by tenths, torch's own too: batch norm of maps of one pixel is as good as a sign.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import ssd_problem as problem
from formula import image
from parity import batch, filled, strays

from cnnkit.autograd import Tensor

GOLDEN = json.loads((Path(__file__).parents[3] / "golden" / "ssd_exact.json").read_text())


@pytest.mark.slow
@pytest.mark.parametrize("name", problem.NARROW)
def test_losses_and_gradients_are_those_of_torchvision_but_for_rounding(name):
    case, golden = problem.NARROW[name], GOLDEN[name]
    network = filled(name, case.kin, case.side, golden["shapes"]).train()
    for parameter in network.parameters():
        parameter.data = parameter.data.astype(np.float64)
    x = Tensor(image((problem.IMAGES, case.side, case.side, 3)).astype(np.float64))
    parts = network.losses(x, batch(case.targets()))
    for key, part in parts.items():
        # Codes of default boxes are made in float32.
        assert part.item() == pytest.approx(golden[key], rel=1e-7)
    (parts["loss_box"] + parts["loss_class"]).backward()
    assert max(strays(network, case.kin, golden).values()) <= 1e-6
