"""The cases of the benchmark that have a kernel's answer on a device, tiny: each passes its check there, and runs."""

import numpy as np
import pytest

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.bench import suites
from cnnkit.bench.map_cases import boxes, enlarge, gru, loss
from cnnkit.bench.network_cases import ends
from cnnkit.bench.on_cuda import measure
from cnnkit.kernels.cuda.machine.array import DeviceArray

pytestmark = pytest.mark.usefixtures("on_cuda")
DOUBLING = enlarge.Doubling("tiny", 1, 3, 4, 4, 2)
CASES = {
    "transposed": lambda: enlarge.transposed_case(DOUBLING, False),
    "transposed, gradients": lambda: enlarge.transposed_case(DOUBLING, True),
    "resize": lambda: enlarge.resize_case(enlarge.Resizing("tiny", 1, 5, 9, 3), False),
    "resize, gradients": lambda: enlarge.resize_case(enlarge.Resizing("tiny", 1, 5, 9, 3, align_corners=True), True),
    "gru": lambda: gru.gru_case((1, 2, 3, 4), 3, False),
    "gru, training step": lambda: gru.gru_case((1, 2, 3, 4), 3, True),
    "cross-entropy of pixels": lambda: loss.loss_case((1, 4, 4, 3)),
    "suppression": lambda: boxes.choice_case(boxes.Choice("tiny", 40, 2, 0.5, 0.45, 5)),
}


def leaves(answer):
    return [leaf for part in answer for leaf in leaves(part)] if isinstance(answer, list | tuple) else [answer]


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_right_there_and_its_answer_stays_there(name):
    case = CASES[name]()
    case.check()
    for answer in leaves(case.run()):
        array = answer.data if isinstance(answer, Tensor) else answer
        assert isinstance(array, DeviceArray)
        assert np.isfinite(kernels.home().fetch(array)).all()


@pytest.mark.parametrize("gradient", [False, True])
def test_maps_within_boxes(gradient, monkeypatch):
    for name, value in {"REGIONS": 5, "MAP": 8, "CHANNELS": 3, "BINS": 2}.items():
        monkeypatch.setattr(boxes, name, value)
    case = boxes.align_case(gradient)
    case.check()
    assert case.run().shape == ((1, 8, 8, 3) if gradient else (5, 2, 2, 3))


def test_what_ends_a_step(monkeypatch):
    monkeypatch.setattr(ends, "SCORES", (3, 5))
    monkeypatch.setattr(ends, "YES_OR_NO", (1, 4, 4, 2))
    for case in ends.scores_case(), ends.binary_case():
        case.check()
        case.run()


def test_a_device_has_all_suites_but_that_of_whole_processes(monkeypatch):
    assert set(suites.SUITES) - set(measure.SUITES) == {"start"}
    assert not measure.is_left_out("ssd300_vgg16 boxes, predict, batch 1")
    with kernels.use(precision="tf32"):
        assert measure.is_left_out("ssd300_vgg16 boxes, predict, batch 1")
        assert not measure.is_left_out("ssd300_vgg16 heads, predict, batch 1")
