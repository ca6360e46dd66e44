"""Parts of a concatenation, written where they are to lie."""

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.autograd import Tensor, no_grad, traced
from cnnkit.graph.fuse import fused
from cnnkit.graph.placed import Placed, moved
from cnnkit.graph.plan import Plan
from cnnkit.graph.sums import Layouts
from cnnkit.graph.trace import trace

SHAPE = (2, 8, 10, 5)


class Branches(nn.Module):
    """What `join` makes of some layers."""

    def __init__(self, join) -> None:
        rng = np.random.default_rng(0)
        self.one = nn.Conv2d(5, 3, 1, activation="relu", rng=rng)
        self.three = nn.Conv2d(5, 18, 3, padding=1, rng=rng)
        self.deep = nn.Conv2d(5, 5, 3, padding=1, groups=5, rng=rng)
        self.up = nn.ConvTranspose2d(18, 4, 2, stride=2, rng=rng)
        self._join = join

    def forward(self, x: Tensor) -> Tensor:
        return self._join(self, x)


def plan_of(join):
    network = Branches(join).eval()
    graph = trace(network, Tensor(np.zeros(SHAPE, np.float32)))
    assert graph is not None
    return network, Plan(fused(graph, Layouts()))


def pooled_too(net, x):
    y = net.three(x)
    return ops.concat([ops.max_pool2d(y, 3, 1, 1), net.one(x), y])


def up_and_beside(net, x):
    y = net.three(x)
    return ops.concat([net.up(ops.max_pool2d(y, 2)), y])


def read_elsewhere(net, x):
    y = net.one(x)
    return ops.concat([y, y * 2.0])


def twice(net, x):
    y = net.one(x)
    return ops.concat([y, y])


def in_two(net, x):
    y, z = net.one(x), net.three(x)
    return ops.concat([ops.concat([y, x]), ops.concat([y, z])])


# What is joined, and how many parts are copied; None where the concatenation stays as it was.
JOINS = {
    "two convolutions": (lambda net, x: ops.concat([net.one(x), net.three(x)]), 0),
    "a depthwise one": (lambda net, x: ops.concat([net.deep(x), net.one(x)]), 1),
    "the input itself": (lambda net, x: ops.concat([net.one(x), x]), 1),
    "pools read on": (pooled_too, 1),
    "transposed, and what a pool read": (up_and_beside, 0),
    "joined again": (lambda net, x: ops.concat([ops.concat([x, x]), net.three(x)]), 1),
    "in two, once": (in_two, 1),
    "read by others": (read_elsewhere, None),
    "twice the same": (twice, None),
    "along rows": (lambda net, x: ops.concat([net.one(x), net.one(x)], axis=1), None),
    "with a residual": (lambda net, x: ops.concat([net.deep(x) + x, x]), None),
}


@pytest.mark.parametrize("case", JOINS)
def test_the_plan_gives_the_bits_of_the_network(case, rng):
    join, copied = JOINS[case]
    network, plan = plan_of(join)
    found = [len(moved(call)) for call in plan.graph.calls if call.function is Placed]
    assert found == ([] if copied is None else [copied])
    for _ in range(2):
        x = Tensor(rng.standard_normal(SHAPE, dtype=np.float32))
        with no_grad():
            assert plan(x).data.tobytes() == network(x).data.tobytes()


def test_who_is_told_of_calls_hears_of_whole_results():
    _, plan = plan_of(JOINS["two convolutions"][0])
    with no_grad(), traced() as calls:
        y = plan(Tensor(np.ones(SHAPE, np.float32)))
    assert [function.__name__ for function, _, _ in calls] == ["PreparedConv2d", "PreparedConv2d", "_Concat"]
    assert all(result.data.flags.c_contiguous for _, _, result in calls) and y.shape == (*SHAPE[:3], 21)
