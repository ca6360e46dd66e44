"""ReSeg: what torch computes, the paper's sizes, and a view of the whole image."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit import models, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.models.reach import reach
from cnnkit.nn.init import without_values

GOLDEN = Path(__file__).parents[2] / "golden"
sys.path.insert(0, str(GOLDEN))
from reseg_problem import CLASSES, SHAPE, VOID, directions, images, labels, weights  # noqa: E402

RECORD = json.loads((GOLDEN / "reseg.json").read_text())


@pytest.fixture(scope="module")
def network():
    found = models.create("reseg_x0_25", classes=CLASSES, in_channels=3, image_size=SHAPE[1:3])
    found.load_state_dict(weights(RECORD["shapes"]))
    return found


def test_logits_loss_and_gradients_are_those_of_torch(network):
    logits = network(Tensor(images()))
    expected = np.reshape(RECORD["logits"], logits.numpy()[:, ::9, ::9].shape)
    assert np.abs(logits.numpy()[:, ::9, ::9] - expected).max() <= 1e-5 * np.abs(expected).max()
    loss = ops.cross_entropy(logits, labels(), ignore=VOID)
    loss.backward()
    assert loss.item() == pytest.approx(RECORD["loss"], rel=1e-6)
    along = directions(RECORD["shapes"])
    for name, parameter in network.named_parameters():
        norm, product = RECORD["gradients"][name]
        # Where a tie of a ReLU or a pool falls to the other side, one of some hundred summands changes.
        assert np.linalg.norm(parameter.grad) == pytest.approx(norm, rel=1e-2), name
        assert (parameter.grad * along[name]).sum() == pytest.approx(product, abs=1e-2 * norm), name


def test_the_parameters_are_those_of_its_layers():
    """Counted by hand, for CamVid's 11 classes; the paper tells no number.

    Seven convolutions of VGG16; a direction of a sweep over C channels has 300·(C + 1) numbers for what goes in and
    300·(100 + 1) for what recurs; two doublings 2x2 and the scores.
    """
    vgg = sum(9 * a * b + b for a, b in [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256)])
    sweeps = sum(2 * 300 * (C + 1) + 2 * 300 * (100 + 1) for C in (256, 200, 200, 200))
    ends = (4 * 200 * 50 + 50) + (4 * 50 * 50 + 50) + (50 * 11 + 11)
    assert models.summary("reseg").parameters == vgg + sweeps + ends == 2_544_549


def test_every_place_knows_the_whole_image(network):
    assert reach(network, 3).pixels is None
    image = np.zeros((1, 40, 44, 3), np.float32)
    with no_grad():
        before = network.eval()(Tensor(image.copy())).numpy().copy()
        image[0, 3, 40] = 5
        assert (network(Tensor(image)).numpy() != before).any(axis=3).all()


@pytest.mark.parametrize(
    ("name", "classifier", "stride"),
    [
        ("reseg", "vgg16", 4),
        ("reseg_bn_x0_25", "vgg16_bn_x0_25", 4),
        ("reseg_mobilenet_v1", "mobilenet_v1", 8),
        ("reseg_mobilenet_v1_x0_25", "mobilenet_v1_x0_25", 8),
    ],
)
def test_names_tell_trunk_and_width(name, classifier, stride):
    with without_values():
        network = models.create(name, classes=3, in_channels=3, image_size=(64, 64))
    assert (network.backbone.classifier, network.stride) == (classifier, stride)
    assert network.output_shape((1, 70, 65, 3)) == (1, 70, 65, 3)
    assert network.renet.output_shape((1, 9, 8, network.backbone.channels[network.last]))[3] == (
        50 if "x0_25" in name else 200
    )
