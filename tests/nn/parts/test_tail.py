"""The second part of a network gives what the whole network gives, from what its trunk said."""

import numpy as np
import pytest

from cnnkit import models, nn, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.errors import UsageError
from cnnkit.nn.parts.freeze import cut, freeze_trunk
from cnnkit.nn.parts.tail import Tail, reaching


class Branches(nn.Module):
    """A network written by hand: operations beside modules."""

    def __init__(self) -> None:
        self.conv1, self.conv2 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = ops.relu(self.conv1(x))
        both = ops.concat([x, self.conv2(x) + x])
        return self.head(ops.global_avg_pool2d(both)) * 2.0


def said(network: nn.Module, x: np.ndarray) -> tuple[np.ndarray, Tail, np.ndarray]:
    """(scores, tail, what reaches the tail)."""
    at = cut(network, (1, *x.shape[1:]))
    freeze_trunk(network, at)
    network.eval()
    with no_grad(), reaching(at.start) as given:
        y = network(Tensor(x)).numpy()
    return y, Tail(network, at, x.shape[1:]), given[0].numpy()


NETWORKS = ["squeezenet1_1", "googlenet", "resnet20", "alexnet", "mobilenet_v2", "shufflenet_v2_x1_0", "digitnet"]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_tail_gives_the_same_bits_as_the_whole(name, rng):
    network = models.create(name, classes=5, in_channels=3, image_size=(32, 32), rng=rng)
    y, tail, features = said(network, rng.standard_normal((3, 32, 32, 3)).astype(np.float32))
    with no_grad():
        np.testing.assert_array_equal(tail.eval()(features).numpy(), y)


def test_a_network_written_by_hand_has_a_tail(rng):
    network = Branches()
    y, tail, features = said(network, rng.standard_normal((2, 6, 6, 3)).astype(np.float32))
    assert features.shape == (2, 8) and tail.shape == (8,)
    np.testing.assert_array_equal(tail(features).numpy(), y)


def test_the_tail_learns_for_the_whole(rng):
    network = models.create("squeezenet1_1", classes=2, in_channels=3, image_size=(32, 32), rng=rng)
    _, tail, features = said(network, rng.standard_normal((2, 32, 32, 3)).astype(np.float32))
    tail.train()
    ops.sum(tail(features)).backward()
    learned = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert learned == {"conv10.weight", "conv10.bias"}
    # Dropout belongs to the tail, and draws anew at every step.
    assert network.dropout.counter == 1


def test_the_trunk_is_not_computed(rng, monkeypatch):
    network = Branches()
    _, tail, features = said(network, rng.standard_normal((2, 6, 6, 3)).astype(np.float32))
    tail(features)
    monkeypatch.setattr(nn.Conv2d, "forward", None)
    assert tail(features).shape == (2, 3)


def test_a_network_that_does_not_come_to_its_head_is_refused(rng):
    network = Branches()
    _, tail, features = said(network, rng.standard_normal((2, 6, 6, 3)).astype(np.float32))
    network.head = nn.Linear(8, 3)
    with pytest.raises(UsageError, match="Branches does not come to its Linear"):
        tail(features)
