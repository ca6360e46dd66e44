"""Networks for segmentation against torch's, with the same weights and images (tests/golden/record_segmentation.py)."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit import models, nn, optim
from cnnkit.autograd import no_grad
from cnnkit.data.load.batch import Batch
from cnnkit.graph import Planned
from cnnkit.models.network import Network
from cnnkit.models.weights.adopt import to_state
from cnnkit.models.weights.families import CONV_BN, MOBILENET_V2
from cnnkit.models.weights.layouts import OIHW
from cnnkit.models.weights.published import row
from cnnkit.models.weights.renames import renamed
from cnnkit.tasks.registry import create as create_task

GOLDEN = Path(__file__).parents[2] / "golden"
sys.path.insert(0, str(GOLDEN))
from formula import direction, image, mask, state  # noqa: E402 - what both sides compute lies beside the recordings

NETWORKS = json.loads((GOLDEN / "segmentation.json").read_text())["networks"]
# As in record_segmentation.py.
CLASSES, VOID = 21, 255
EVAL_SIZE, EVERY = (97, 81), 16
TRAIN_SIZE, TRAIN_IMAGES, LR, MOMENTUM = (48, 40), 4, 0.01, 0.9

every_network = pytest.mark.parametrize("name", NETWORKS)


def create(name: str) -> nn.Module:
    """The network with weights by formula, and dropout at rest."""
    network = Network(name, CLASSES, 3, EVAL_SIZE)
    module = network.build()
    arrays = state(NETWORKS[name]["shapes"])
    if row(name) is None and not arrays.keys() <= module.state_dict().keys():
        # Nobody publishes it: a trunk of torchvision, whose names are known for a classifier.
        names = MOBILENET_V2 if "mobilenet_v2" in name else CONV_BN
        arrays = {ours: one.array for ours, one in renamed(arrays, names).items()}
    module.load_state_dict(to_state(arrays, network, module, OIHW))
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.rate = 0.0
    return module


@every_network
@pytest.mark.slow
def test_logits_in_use(name):
    module, golden = create(name), NETWORKS[name]
    with no_grad():
        for version in (module.eval(), Planned(module)):
            logits = version(image((1, *EVAL_SIZE, 3))).numpy()[0].astype(np.float64)
            apart = np.abs(logits[::EVERY, ::EVERY] - golden["logits"]).max()
            assert apart <= 1e-4 * golden["largest"]
            assert np.linalg.norm(logits) == pytest.approx(golden["norm"], rel=1e-4)
            # Along a direction the errors of so many pixels add up at random: to no more than one of the largest.
            along = float((logits * direction(logits.shape, 0)).sum())
            assert abs(along - golden["along"]) <= 1e-4 * golden["norm"]


@every_network
@pytest.mark.slow
def test_losses_of_twenty_steps(name):
    """Each step multiplies the rounding of those before: ours may stray a few times as far as torch's own float32.

    Where the tie of a ReLU falls to the other side the losses part at once; ours may do so two steps before torch's.
    """
    golden, module = NETWORKS[name], create(name).train()
    task = create_task("segmentation", [str(k) for k in range(CLASSES)])
    x = image((TRAIN_IMAGES, *TRAIN_SIZE, 3))
    batch = Batch(x, mask(TRAIN_IMAGES, *TRAIN_SIZE, classes=CLASSES, void=VOID), np.arange(TRAIN_IMAGES))
    optimiser = optim.SGD(module.parameters(), lr=LR, momentum=MOMENTUM)
    losses = []
    for _ in golden["losses"]:
        loss = task.loss(module, batch).value
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    exact = np.array(golden["losses"])
    strayed = np.maximum.accumulate(golden["torch_float32"])
    strayed = np.append(strayed[2:], [strayed[-1]] * 2)
    assert losses[0] == pytest.approx(exact[0], rel=1e-5)
    assert (np.abs(losses - exact) <= 1e-5 * exact + 4 * strayed).all(), np.abs(losses - exact) / strayed
    assert exact[-1] < 0.9 * exact[0]


def test_the_parameters_are_as_many_as_torchvision_counts():
    counted = {
        "fcn_resnet50": 35_322_218,
        "deeplab_v3_resnet50": 42_004_074,
        "deeplab_v3_mobilenet_v3_large": 11_029_328,
    }
    for name, parameters in counted.items():
        module = Network(name, CLASSES, 3, (64, 64)).build()
        assert sum(parameter.size for parameter in module.parameters()) == parameters
        assert models.summary(name).parameters < parameters  # less the auxiliary classifier
