"""Channels that are only moved about."""

import numpy as np
import pytest

from cnnkit import models, nn, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.graph.dealt import Picked
from cnnkit.graph.fuse import fused
from cnnkit.graph.plan import Plan
from cnnkit.graph.sums import Layouts
from cnnkit.graph.trace import trace

SHAPE = (2, 5, 6, 4)


class Mixed(nn.Module):
    """What `mix` makes of two convolutions' channels."""

    def __init__(self, mix) -> None:
        rng = np.random.default_rng(0)
        self.one, self.two = nn.Conv2d(4, 6, 1, rng=rng), nn.Conv2d(4, 6, 3, padding=1, rng=rng)
        self.last = nn.Conv2d(6, 2, 1, rng=rng)
        self._mix = mix

    def forward(self, x: Tensor) -> Tensor:
        return self._mix(self, x)


def cut(x, first, last, step=1):
    N, H, W, _ = x.shape
    return ops.slice(x, (0, 0, 0, first), (N, H, W, last), (1, 1, 1, step))


def both(net, x):
    return ops.concat([net.one(x), net.two(x)])


def a_unit(net, x):
    y = ops.channel_shuffle(both(net, x), 2)
    left, right = cut(y, 0, 6), cut(y, 6, 12)
    y = ops.channel_shuffle(ops.concat([net.two(cut(right, 0, 4)), left]), 2)
    return ops.concat([net.last(cut(y, 0, 6)), net.last(cut(y, 6, 12))])


# What is done, and how often channels are picked; 0 where all stays as it was.
MIXES = {
    "a shuffle": (lambda net, x: net.last(cut(ops.channel_shuffle(both(net, x), 3), 0, 6)), 1),
    "units one after the other": (a_unit, 3),
    "every second channel": (lambda net, x: net.last(cut(both(net, x), 0, 12, 2)), 1),
    "one map's are shuffled": (lambda net, x: net.last(ops.channel_shuffle(net.one(x), 2)), 0),
    "the input's too": (lambda net, x: net.last(cut(ops.channel_shuffle(ops.concat([x, net.one(x)]), 2), 0, 6)), 0),
    "a map is read whole": (
        lambda net, x: (lambda y: net.last(cut(ops.concat([net.two(x), y]), 3, 9) + y))(net.one(x)),
        0,
    ),
    "it is the result": (lambda net, x: ops.channel_shuffle(both(net, x), 2), 0),
    "rows are cut too": (lambda net, x: net.last(ops.slice(both(net, x), (0, 1, 0, 3), (2, 4, 6, 9))), 0),
}


def plan_of(network, shape):
    graph = trace(network.eval(), Tensor(np.zeros(shape, np.float32)))
    assert graph is not None
    return Plan(fused(graph, Layouts()))


@pytest.mark.parametrize("case", MIXES)
def test_the_plan_gives_the_bits_of_the_network(case, rng):
    mix, picked = MIXES[case]
    network = Mixed(mix)
    plan = plan_of(network, SHAPE)
    assert sum(call.function is Picked for call in plan.graph.calls) == picked
    for _ in range(2):
        x = Tensor(rng.standard_normal(SHAPE, dtype=np.float32))
        with no_grad():
            assert plan(x).data.tobytes() == network(x).data.tobytes()


def test_shufflenet_moves_nothing_but_what_its_convolutions_read():
    network = models.create("shufflenet_v2_x0_5", classes=3, in_channels=3, image_size=(64, 64))
    calls = [call.name for call in plan_of(network, (1, 64, 64, 3)).graph.calls]
    assert calls.count("Room") == 3 and not {"_Concat", "_ChannelShuffle", "_Slice"} & set(calls)
    assert calls.count("Picked") == 13 + 2 + 1  # units, those that halve the map but the first, and the last layer
