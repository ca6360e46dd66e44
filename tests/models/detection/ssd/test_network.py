"""SSD and SSDlite beside torchvision's with the same weights (tests/golden/record_ssd.py), and their small kin."""

import json
from pathlib import Path

import numpy as np
import pytest
import ssd_problem as problem
from formula import image
from parity import batch, filled, strays

from cnnkit import models, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import UsageError
from cnnkit.models.detection.detector import EMPTY
from cnnkit.models.detection.ssd.network import SSD
from cnnkit.models.network import Network
from cnnkit.models.weights.identify import Reading, fit
from cnnkit.models.weights.layouts import OIHW
from cnnkit.models.weights.published import row
from cnnkit.nn import init

FOLDER = Path(__file__).parents[3] / "golden"
GOLDEN = {name: json.loads((FOLDER / case.file).read_text()) for name, case in problem.CASES.items()}


@pytest.fixture(scope="module", params=problem.CASES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def golden(name):
    return GOLDEN[name]


@pytest.fixture(scope="module")
def x(name):
    side = problem.CASES[name].side
    return Tensor(image((problem.IMAGES, side, side, 3)))


@pytest.fixture(scope="module")
def network(name):
    return filled(name, name, problem.CASES[name].side, GOLDEN[name]["shapes"])


@pytest.mark.slow
def test_heads_and_boxes_are_those_of_torchvision(network, golden, name, x):
    with no_grad():
        codes, logits, _ = network.eval().heads(x)
        found = network(x).numpy()
    for key, numbers in (("codes", codes.numpy()), ("logits", logits.numpy())):
        recorded = golden[key]
        assert np.abs(numbers[:, :: problem.CASES[name].every] - recorded["some"]).max() <= 1e-4 * recorded["largest"]
        assert np.linalg.norm(numbers) == pytest.approx(recorded["norm"], rel=1e-4)
    for ours, theirs in zip(found, np.array(golden["found"]), strict=True):
        kept = ours[ours[:, 5] != EMPTY]
        # The same boxes: scores that differ by rounding alone may stand in another order.
        apart = np.abs(kept[:, None, :4] - theirs[:, :4]).max(axis=2) + 1000 * (kept[:, None, 5] != theirs[:, 5])
        own = apart.argmin(axis=0)
        assert sorted(own) == list(range(len(kept)))
        # Corners are up to 320, logits up to 10: both are right to about 3e-5 of that.
        np.testing.assert_allclose(kept[own, :4], theirs[:, :4], rtol=0, atol=1e-2)
        np.testing.assert_allclose(kept[own, 4], theirs[:, 4], rtol=0, atol=1e-4)
        np.testing.assert_array_equal(kept[own, 5], theirs[:, 5])


@pytest.mark.slow
def test_losses_and_gradients_are_those_of_torchvision(network, golden, name, x):
    """A gradient may stray where a ReLU's tie falls to the other side; test_exact.py has them in float64."""
    network.train()
    parts = network.losses(x, batch(problem.CASES[name].targets()))
    for key, part in parts.items():
        assert part.item() == pytest.approx(golden[key], rel=1e-5)
    (parts["loss_box"] + parts["loss_class"]).backward()
    # Twice what torch's own float32 strays, and not less than a hundredth.
    assert max(strays(network, name, golden).values()) <= max(0.01, 2 * golden["torch_float32"])


@pytest.mark.slow
@pytest.mark.parametrize("published", ["ssd300_vgg16", "ssdlite320_mobilenet_v3_large"])
def test_a_published_state_is_known_for_what_it_is(published):
    """Its classes are counted by its heads, which have several numbers for each and some for none."""
    arrays = {key: np.broadcast_to(np.float32(0), shape) for key, shape in GOLDEN[published]["shapes"].items()}
    expected = Network(published, problem.CLASSES, 3, models.spec(published).input[:2])
    assert fit(arrays, published) == Reading(expected, OIHW, False)


@pytest.mark.parametrize(
    ("name", "parameters"), [("ssd300_vgg16", 35_641_826), ("ssdlite320_mobilenet_v3_large", 3_440_060)]
)
def test_it_has_as_many_parameters_as_torchvision_counts(name, parameters):
    with init.without_values():
        module = models.create(name, classes=90, in_channels=3, image_size=models.spec(name).input[:2])
    assert sum(parameter.size for parameter in module.parameters()) == parameters
    assert len(row(name).classes) == 90


@pytest.mark.parametrize(
    ("name", "side", "count"),
    [
        ("ssd300_vgg16_x0_02", 300, 8732),
        ("ssd512_vgg16_x0_02", 512, 24564),
        ("ssdlite320_mobilenet_v3_large_x0_1", 320, 3234),
    ],
)
def test_it_looks_at_as_many_boxes_as_the_paper_says(name, side, count):
    with init.without_values():
        module = models.create(name, classes=20, in_channels=3, image_size=(side, side))
    grids = [shape[1:3] for shape in module.body.output_shape((1, side, side, 3))]
    assert module.anchors(grids, (side, side)).shape == (count, 4)


SMALL = [
    ("ssd300_vgg16_x0_06", 96),
    ("ssd300_vgg16_bn_x0_06", 64),
    ("ssd512_vgg16_x0_03", 96),
    ("ssdlite320_mobilenet_v3_large_x0_25", 64),
    ("ssd_nano_x0_25", 64),
]


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
    for name, size in (("ssd300_vgg16_x0_03", 31), ("ssdlite320_mobilenet_v3_large", 31), ("ssd_nano", 63)):
        with pytest.raises(UsageError, match="leaves nothing"):
            models.create(name, classes=3, in_channels=1, image_size=(size, size))
