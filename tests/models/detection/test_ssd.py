"""SSD beside torchvision's with the same weights (tests/golden/record_ssd.py), and the shapes of its small kin."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit import models, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import UsageError
from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.ssd import SSD
from cnnkit.models.network import Network
from cnnkit.models.weights.adopt import to_state
from cnnkit.models.weights.layouts import OIHW, turned
from cnnkit.models.weights.published import row
from cnnkit.models.weights.renames import renamed
from cnnkit.nn import init

FOLDER = Path(__file__).parents[2] / "golden"
sys.path.insert(0, str(FOLDER))
import ssd_problem as problem  # noqa: E402 - what both sides compute lies beside the recordings
from formula import direction, image, state  # noqa: E402

GOLDEN = json.loads((FOLDER / "ssd.json").read_text())


def batch(pictures):
    """Boxes of pictures, in eight places each."""
    corners = np.zeros((len(pictures), 8, 4), np.float32)
    labels = np.full((len(pictures), 8), EMPTY, np.int64)
    for n, (boxes, classes) in enumerate(pictures):
        corners[n, : len(boxes)], labels[n, : len(boxes)] = boxes, classes
    return BoxBatch(corners, labels, np.zeros(labels.shape, np.bool_))


@pytest.fixture(scope="module")
def network():
    about = Network("ssd300_vgg16", problem.CLASSES, 3, (300, 300))
    module = about.build()
    arrays = {name: problem.tamed(name, array) for name, array in state(GOLDEN["shapes"]).items()}
    module.load_state_dict(to_state(arrays, about, module, OIHW))
    return module


@pytest.mark.slow
def test_heads_and_boxes_are_those_of_torchvision(network):
    x = Tensor(image((problem.IMAGES, 300, 300, 3)))
    with no_grad():
        codes, logits, _ = network.eval().heads(x)
        found = network(x).numpy()
    for name, numbers in (("codes", codes.numpy()), ("logits", logits.numpy())):
        golden = GOLDEN[name]
        assert np.abs(numbers[:, :: problem.EVERY] - golden["some"]).max() <= 1e-4 * golden["largest"]
        assert np.linalg.norm(numbers) == pytest.approx(golden["norm"], rel=1e-4)
    for ours, theirs in zip(found, GOLDEN["found"], strict=True):
        kept = ours[ours[:, 5] != EMPTY]
        np.testing.assert_array_equal(kept[:, 5], [one[5] for one in theirs])
        # Corners are up to 300, and told to four digits behind the point.
        np.testing.assert_allclose(kept[:, :4], [one[:4] for one in theirs], rtol=0, atol=2e-3)
        np.testing.assert_allclose(kept[:, 4], [one[4] for one in theirs], rtol=0, atol=1e-5)


@pytest.mark.slow
def test_losses_and_gradients_are_those_of_torchvision(network):
    """A gradient may stray where a ReLU's tie falls to the other side; then its norm still is right to a hundredth."""
    network.train()
    parts = network.losses(Tensor(image((problem.IMAGES, 300, 300, 3))), batch(problem.targets()))
    for name, part in parts.items():
        assert part.item() == pytest.approx(GOLDEN[name], rel=1e-5)
    (parts["loss_box"] + parts["loss_class"]).backward()
    own = dict(network.named_parameters())
    directions = {name: direction(tuple(GOLDEN["shapes"][name]), seed) for seed, name in enumerate(GOLDEN["gradients"])}
    named = renamed(directions, row("ssd300_vgg16").renames)
    assert named.keys() == own.keys()
    for ours, one in named.items():
        norm, along = GOLDEN["gradients"][one.published]
        grad = own[ours].grad.astype(np.float64)
        assert np.linalg.norm(grad) == pytest.approx(norm, rel=0.01), ours
        there = turned(ours, one, grad.shape, OIHW)
        assert abs(float((grad * there).sum()) - along) <= 0.01 * norm, ours


def test_it_has_as_many_parameters_as_torchvision_counts():
    with init.without_values():
        module = models.create("ssd300_vgg16", classes=90, in_channels=3, image_size=(300, 300))
    assert sum(parameter.size for parameter in module.parameters()) == 35_641_826


def test_ssd300_looks_at_the_paper_s_8732_boxes(rng):
    module = models.create("ssd300_vgg16_x0_02", classes=20, in_channels=3, image_size=(300, 300), rng=rng)
    with no_grad():
        codes, logits, anchors = module.eval().heads(Tensor(np.zeros((1, 300, 300, 3), np.float32)))
    assert codes.shape == (1, 8732, 4) and logits.shape == (1, 8732, 21) and anchors.shape == (8732, 4)


SMALL = [("ssd300_vgg16_x0_06", 96), ("ssd300_vgg16_bn_x0_06", 64), ("ssd_nano_x0_25", 64)]


@pytest.mark.parametrize(("name", "size"), SMALL)
def test_families_give_boxes_in_fixed_places(name, size, rng):
    network = models.create(name, classes=3, in_channels=1, image_size=(size, size + 32), rng=rng).eval()
    assert isinstance(network, SSD)
    with no_grad():
        found = network(Tensor(rng.random((2, size, size + 32, 1)).astype(np.float32))).numpy()
    assert found.shape == (2, network.places, 6)
    assert (np.diff(found[..., 4], axis=1) <= 0).all()
    assert set(np.unique(found[..., 5])) <= {EMPTY, 0, 1, 2}


@pytest.mark.parametrize(("name", "size"), SMALL)
def test_all_that_a_network_has_learns_from_a_batch(name, size, rng):
    """One box lies near a default box of each map, so that each map has something to find."""
    network = models.create(name, classes=3, in_channels=1, image_size=(size, size), rng=rng).train()
    x = Tensor(rng.random((2, size, size, 1)).astype(np.float32))
    with no_grad():
        grids = [y.shape[1:3] for y in network.body(x)]
    ends = np.cumsum([h * w * count for (h, w), count in zip(grids, network.anchors.counts, strict=True)])
    boxes = network.anchors(grids, (size, size))[ends - 1] + np.float32([-1, -2, 1, 2])
    parts = network.losses(x, batch([(boxes, np.arange(len(boxes)) % 3), (boxes[:0], [])]))
    assert set(parts) == {"loss_box", "loss_class"} and all(part.item() > 0 for part in parts.values())
    ops.add(*parts.values()).backward()
    for path, parameter in network.named_parameters():
        assert parameter.grad is not None and np.isfinite(parameter.grad).all() and parameter.grad.any(), path


def test_pictures_without_boxes_teach_that_there_is_nothing(rng):
    network = models.create("ssd_nano_x0_25", classes=3, in_channels=1, image_size=(64, 64), rng=rng).train()
    nothing = (np.zeros((0, 4), np.float32), [])
    parts = network.losses(Tensor(rng.random((2, 64, 64, 1)).astype(np.float32)), batch([nothing] * 2))
    assert parts["loss_box"].item() == 0
    # The six places that cost most, of four answers that are nearly alike at first.
    assert 6 * np.log(4) < parts["loss_class"].item() < 9 * np.log(4)


def test_images_that_are_too_small_are_refused():
    for name, size in (("ssd300_vgg16_x0_03", 31), ("ssd_nano", 63)):
        with pytest.raises(UsageError, match="leaves nothing"):
            models.create(name, classes=3, in_channels=1, image_size=(size, size))
