"""Faster R-CNN on a pyramid beside torchvision's with the same weights (tests/golden/record_faster_rcnn.py)."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from cnnkit import models
from cnnkit.autograd import Tensor, no_grad
from cnnkit.cli import main
from cnnkit.engine.use.load import load
from cnnkit.errors import UsageError
from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.two_stage import Kept
from cnnkit.models.network import Network
from cnnkit.models.weights.adopt import to_state
from cnnkit.models.weights.identify import fit
from cnnkit.models.weights.layouts import OIHW, behind_flatten, flattened, turned
from cnnkit.models.weights.published import row
from cnnkit.models.weights.renames import renamed
from cnnkit.nn import init
from cnnkit.nn.norm import BatchNorm2d
from cnnkit.nn.parts.freeze import freeze_norms

FOLDER = Path(__file__).parents[2] / "golden"
sys.path.insert(0, str(FOLDER))
import faster_rcnn_problem as problem  # noqa: E402 - what both sides compute lies beside the recordings
from formula import direction, image, state  # noqa: E402

GOLDEN = json.loads((FOLDER / "faster_rcnn.json").read_text())
SIZE = (problem.SIDE, problem.SIDE)
BATCH = (problem.IMAGES, *SIZE, 3)
# More than there are.
ALL = 10**6


def batch(pictures):
    """Boxes of pictures, in eight places each."""
    corners = np.zeros((len(pictures), 8, 4), np.float32)
    labels = np.full((len(pictures), 8), EMPTY, np.int64)
    for n, (boxes, classes) in enumerate(pictures):
        corners[n, : len(boxes)], labels[n, : len(boxes)] = boxes, classes
    return BoxBatch(corners, labels, np.zeros(labels.shape, np.bool_))


@pytest.fixture(scope="module", params=problem.NAMES)
def case(request):
    """(about, network, golden), with the proposals of the recording, all of which teach."""
    name, golden = request.param, GOLDEN[request.param]
    about = Network(name, problem.CLASSES, 3, SIZE)
    network = about.build()
    arrays = {path: problem.tamed(name, path, array) for path, array in state(golden["shapes"]).items()}
    network.load_state_dict(to_state(arrays, about, network, OIHW))
    network.rpn.in_use = Kept(network.rpn.in_use.looked, problem.PLACES)
    network.rpn.in_training = Kept(network.rpn.in_training.looked, problem.PLACES)
    network.rpn.shown, network.head.shown = ALL, problem.PLACES + 8
    return about, network, golden


def assert_near(numbers, golden, every):
    assert np.abs(numbers[:, ::every] - golden["some"]).max() <= 1e-4 * golden["largest"]
    assert np.linalg.norm(numbers) == pytest.approx(golden["norm"], rel=1e-4)


@pytest.mark.slow
def test_both_stages_and_boxes_are_those_of_torchvision(case):
    _, network, golden = case
    x = Tensor(image(BATCH))
    with no_grad():
        maps = network.eval().body(x)
        told = network.rpn(maps)
        proposals = network.rpn.proposed(maps, *told, SIZE)
        logits, codes = (y.numpy() for y in network.head(maps, proposals.rois()))
        found = network(x).numpy()
    for numbers, name in zip(told, ("objectness", "anchor_codes"), strict=True):
        assert_near(numbers.numpy(), golden[name], problem.EVERY_ANCHOR)
    there = proposals.there.numpy()[..., 0] > 0
    assert there.sum(axis=1).tolist() == golden["counts"]
    for mine, theirs in zip(proposals.corners.numpy(), golden["proposals"], strict=True):
        # Corners are up to 128, and told to four digits behind the point.
        np.testing.assert_allclose(mine[:: problem.EVERY_PROPOSAL][: len(theirs)], theirs, rtol=0, atol=2e-3)
    assert_near(logits[there.reshape(-1)][None], golden["logits"], problem.EVERY_PROPOSAL)
    assert_near(codes[there.reshape(-1)].reshape(1, there.sum(), -1), golden["codes"], problem.EVERY_PROPOSAL)
    for ours, theirs in zip(found, golden["found"], strict=True):
        kept = ours[ours[:, 5] != EMPTY]
        np.testing.assert_array_equal(kept[:, 5], [one[5] for one in theirs])
        np.testing.assert_allclose(kept[:, :4], [one[:4] for one in theirs], rtol=0, atol=2e-3)
        np.testing.assert_allclose(kept[:, 4], [one[4] for one in theirs], rtol=0, atol=1e-5)


@pytest.mark.slow
def test_losses_and_gradients_are_those_of_torchvision(case):
    """A gradient may stray where a ReLU's tie falls to the other side; then its norm still is right to a hundredth."""
    about, network, golden = case
    network.train()
    freeze_norms(network)
    parts = network.losses(Tensor(image(BATCH)), batch(problem.targets()))
    for name, part in parts.items():
        assert part.item() == pytest.approx(golden["losses"][name], rel=1e-5), name
    first, *rest = parts.values()
    sum(rest, first).backward()
    own = {name: p for name, p in network.named_parameters() if p.requires_grad}
    shapes, gradients = golden["shapes"], golden["gradients"]
    directions = {name: direction(tuple(shapes[name]), seed) for seed, name in enumerate(gradients)}
    named = renamed(directions, row(about.model).renames)
    assert named.keys() == own.keys()
    flat = flattened(network, about.input_shape)
    for ours, one in named.items():
        norm, along = gradients[one.published]
        grad = own[ours].grad.astype(np.float64)
        assert np.linalg.norm(grad) == pytest.approx(norm, rel=0.01), ours
        there = turned(ours, one, grad.shape, OIHW)
        there = behind_flatten(there, one, flat[ours], OIHW) if ours in flat else there
        assert abs(float((grad * there).sum()) - along) <= 0.01 * norm, ours


@pytest.mark.parametrize(
    ("name", "count"),
    [("faster_rcnn_resnet50_fpn", 41_755_286), ("faster_rcnn_mobilenet_v3_large_320_fpn", 19_386_354)],
)
def test_it_has_as_many_parameters_as_torchvision_counts(name, count):
    """Without those of norms, which torchvision does not count, as they are frozen."""
    with init.without_values():
        module = models.create(name, classes=90, in_channels=3, image_size=models.spec(name).input[:2])
    norms = {id(p) for layer in module.modules() if isinstance(layer, BatchNorm2d) for p in layer.parameters()}
    assert sum(parameter.size for parameter in module.parameters() if id(parameter) not in norms) == count


@pytest.mark.parametrize("name", problem.NAMES)
def test_a_published_state_tells_its_classes(name):
    shapes = GOLDEN[name]["shapes"]
    arrays = {path: np.broadcast_to(np.float32(0), shape) for path, shape in shapes.items()}
    network = fit(arrays, name).network
    assert (network.classes, network.in_channels) == (problem.CLASSES, 3)


def older(path):
    """The names of torchvision's published files, which its code still reads."""
    return (
        re.sub(r"(blocks\.\d|conv)(\.0)+\.(weight|bias)$", r"\1.\3", path) if "fpn" in path or "rpn" in path else path
    )


@pytest.mark.slow
def test_weights_convert_reads_a_published_file(tmp_path, capsys):
    name = "faster_rcnn_mobilenet_v3_large_320_fpn"
    arrays = {older(path): array for path, array in state(GOLDEN[name]["shapes"]).items()}
    assert "rpn.head.conv.weight" in arrays and "backbone.fpn.inner_blocks.0.bias" in arrays
    save_file(arrays, tmp_path / "theirs.safetensors")
    words = ["weights", "convert", tmp_path / "theirs.safetensors", tmp_path / "ours.safetensors", "--model", name]
    assert main.run([*map(str, words), "--image-size", str(problem.SIDE)]) == 0
    converted = load(tmp_path / "ours.safetensors")
    assert len(converted.classes) == problem.CLASSES and converted.task.name == "detection"
    about = Network(name, problem.CLASSES, 3, SIZE)
    wanted = to_state(state(GOLDEN[name]["shapes"]), about, about.build(), OIHW)
    found = converted.module.state_dict()
    assert all(np.array_equal(found[path], array) for path, array in wanted.items())


SMALL = [("faster_rcnn_resnet18_fpn_x0_06", 64), ("faster_rcnn_mobilenet_v3_large_320_fpn_x0_1", 64)]


@pytest.mark.parametrize(("name", "side"), SMALL)
def test_families_give_boxes_in_fixed_places(name, side, rng):
    network = models.create(name, classes=3, in_channels=1, image_size=(side, side + 32), rng=rng).eval()
    with no_grad():
        found = network(Tensor(rng.random((2, side, side + 32, 1)).astype(np.float32))).numpy()
    assert found.shape == (2, network.places, 6)
    assert set(np.unique(found[..., 5])) <= {EMPTY, 0, 1, 2}


@pytest.mark.parametrize(("name", "side"), SMALL)
def test_all_that_a_network_has_learns_from_a_batch(name, side, rng):
    """The finest map learns through anchors alone where no region is small; all others through both stages."""
    network = models.create(name, classes=3, in_channels=1, image_size=(side, side), rng=rng).train()
    boxes = np.float32([[5, 5, 35, 40], [20, 10, 60, 60], [0, 0, 64, 64]])
    x = Tensor(rng.random((2, side, side, 1)).astype(np.float32))
    parts = network.losses(x, batch([(boxes, [0, 1, 2]), (boxes[:0], [])]))
    first, *rest = parts.values()
    sum(rest, first).backward()
    for path, parameter in network.named_parameters():
        assert parameter.grad is not None and np.isfinite(parameter.grad).all() and parameter.grad.any(), path


def test_images_that_are_too_small_are_refused():
    with pytest.raises(UsageError, match="leaves nothing"):
        models.create("faster_rcnn_resnet18_fpn_x0_06", classes=3, in_channels=1, image_size=(31, 64))
