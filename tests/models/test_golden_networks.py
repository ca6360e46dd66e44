"""Networks against torch's, with the same weights and images (tests/golden/record_networks.py)."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit import kernels, models, nn, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.graph import Planned
from cnnkit.models.network import Network
from cnnkit.models.weights.adopt import to_state

GOLDEN = Path(__file__).parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))
from formula import direction, image, state  # noqa: E402 - what both sides compute lies beside what one has recorded

NETWORKS = json.loads((GOLDEN / "networks.json").read_text())["networks"]
EVAL_SIZE, TRAIN_SIZE, TRAIN_IMAGES = 224, 64, 8
EPS = float(np.finfo(np.float32).eps)

pytestmark = pytest.mark.slow
every_network = pytest.mark.parametrize("name", NETWORKS)


def described(name: str, size: int) -> Network:
    return Network(name, classes=models.spec(name).classes, in_channels=3, image_size=(size, size))


def create(name: str, size: int) -> tuple[nn.Module, dict[str, np.ndarray]]:
    """The network with weights by formula, and the directions along which its gradients are measured."""
    network = described(name, size)
    module = network.build()
    shapes = NETWORKS[name]["shapes"]
    module.load_state_dict(to_state(state(shapes), network, module))
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.rate = 0.0
    directions = {key: direction(tuple(shape), number) for number, (key, shape) in enumerate(shapes.items())}
    return module, to_state(directions, network, module)


@pytest.mark.parametrize("precision", ["fast", "exact"])
@every_network
def test_logits_in_use_err_by_at_most_ten_times_what_those_of_torch_do(name, precision):
    """From float64, as shares of the largest; torch's may be nearer than one rounding of the largest by luck alone."""
    module, _ = create(name, EVAL_SIZE)
    x, expected = image((1, EVAL_SIZE, EVAL_SIZE, 3)), np.array(NETWORKS[name]["logits"])
    allowed = 10 * max(NETWORKS[name]["torch_float32"]["logits"], EPS)
    with no_grad(), kernels.use(precision=precision):
        for version in (module.eval(), Planned(module)):
            assert np.abs(version(x).data[0] - expected).max() <= allowed * np.abs(expected).max()


@every_network
def test_loss_gradients_and_running_statistics_in_training(name):
    golden = NETWORKS[name]
    module, directions = create(name, TRAIN_SIZE)
    labels = np.arange(TRAIN_IMAGES) * 7 % models.spec(name).classes
    loss = loss_of(module(image((TRAIN_IMAGES, TRAIN_SIZE, TRAIN_SIZE, 3))), labels)
    loss.backward()
    assert loss.item() == pytest.approx(golden["loss"], rel=1e-5)
    gradients = {key: parameter.grad for key, parameter in module.named_parameters()}
    assert_near(golden, "gradients", gradients, directions, ours=names_of(name, module))
    statistics = {key: array for key, array in module.named_buffers() if "running_" in key}
    assert_near(golden, "statistics", statistics, directions, ours=names_of(name, module))


def loss_of(outputs: Tensor | nn.WithAuxiliary, labels: np.ndarray) -> Tensor:
    if isinstance(outputs, Tensor):
        return ops.cross_entropy(outputs, labels)
    loss = ops.cross_entropy(outputs.logits, labels)
    for logits in outputs.auxiliary:
        loss = loss + outputs.weight * ops.cross_entropy(logits, labels)
    return loss


def names_of(name: str, module: nn.Module) -> dict[str, str]:
    """torchvision's name of an array -> ours, found by a number written into each."""
    network = described(name, TRAIN_SIZE)
    shapes = NETWORKS[name]["shapes"]
    numbered = {key: np.broadcast_to(np.float32(number), shape) for number, (key, shape) in enumerate(shapes.items())}
    keys = list(shapes)
    return {keys[int(array.flat[0])]: ours for ours, array in to_state(numbered, network, module).items()}


def assert_near(golden, part, arrays, directions, *, ours):
    """Products with directions, in norms of their tensors; one that should be zero is judged by the largest.

    Ours may err as torch's own float32 does. And where a tie of a ReLU or a pool falls to the other side, one of some
    hundred summands changes, and with it a hundredth of every gradient before it. A wrong layout or formula errs by 1;
    that the formulas are exact is shown in float64, op by op.
    """
    recorded = golden[part]
    assert {ours[key] for key in recorded} == set(arrays)
    if not recorded:
        return
    least = 1e-3 * max(norm for norm, _ in recorded.values())
    deviations = []
    for key, (norm, product) in recorded.items():
        array = arrays[ours[key]].astype(np.float64)
        along = (array * directions[ours[key]]).sum()
        deviations.append(abs(along - product) / max(norm, least))
        assert np.linalg.norm(array) == pytest.approx(norm, rel=0.05, abs=0.05 * least), key
    middle, worst = golden["torch_float32"][part]
    assert np.median(deviations) <= max(1e-2, 5 * middle)
    assert max(deviations) <= max(5e-2, 5 * worst)
