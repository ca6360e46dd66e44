"""How far a network looks, told without computing, is what computing shows."""

from collections.abc import Callable

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.autograd import Tensor, no_grad
from cnnkit.graph import Planned
from cnnkit.models.reach.walk import LONG, reach
from cnnkit.nn.blocks import ConvNorm, SqueezeExcite
from cnnkit.nn.init import without_values

SIZE = 96


class Net(nn.Module):
    """Layers by name, and how they are put together."""

    def __init__(self, forward: Callable[["Net", Tensor], Tensor], **layers: nn.Module) -> None:
        vars(self).update(layers)
        self._forward = forward

    def forward(self, x):
        return self._forward(self, x)


def conv(kernel, C=1, **options):
    return nn.Conv2d(C, 1, kernel, **options)


# How far each looks, in pixels, and the multiple by which its answers move.
CASES = {
    "one convolution": (lambda: Net(lambda n, x: n.a(x), a=conv(5, padding=2)), 2, 1),
    "dilated": (lambda: Net(lambda n, x: n.a(x), a=conv(3, padding=6, dilation=6)), 6, 1),
    "in turn": (lambda: Net(lambda n, x: n.b(n.a(x)), a=conv(3, padding=1), b=conv(7, padding=3)), 4, 1),
    "wider than high": (lambda: Net(lambda n, x: n.a(x), a=conv((1, 9), padding=(0, 4))), 4, 1),
    "to one side": (lambda: Net(lambda n, x: n.a(x), a=conv(4, padding=((3, 0), (3, 0)))), 3, 1),
    "a skip": (
        lambda: Net(lambda n, x: n.b(ops.concat([x, n.a(x)])), a=conv(9, padding=4), b=conv(3, 2, padding=1)),
        5,
        1,
    ),
    "a residual": (lambda: Net(lambda n, x: n.a(n.b(x), x), a=ConvNorm(1, 1, 3), b=conv(1)), 1, 1),
    "pools of stride 1": (
        lambda: Net(lambda n, x: n.b(n.a(x)), a=nn.MaxPool2d(3, 1, padding=1), b=nn.AvgPool2d(5, 1, padding=2)),
        3,
        1,
    ),
    "shifted": (
        lambda: Net(
            lambda n, x: ops.slice(ops.pad(n.a(x), [(0, 0), (3, 0), (2, 0), (0, 0)]), [0] * 4, x.shape), a=conv(1)
        ),
        3,
        1,
    ),
    "there and back": (
        lambda: Net(
            lambda n, x: n.c(n.b(n.a(x))),
            a=conv(3, stride=2, padding=1),
            b=nn.MaxPool2d(2),
            c=nn.ConvTranspose2d(1, 1, 4, stride=4),
        ),
        4,
        4,
    ),
    "filters that enlarge": (
        lambda: Net(lambda n, x: n.b(n.a(x)), a=nn.AvgPool2d(2), b=nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1)),
        2,
        2,
    ),
    "bilinear": (lambda: Net(lambda n, x: ops.resize(n.a(x), x.shape[1:3]), a=nn.MaxPool2d(4)), 5, 4),
    "nearest": (lambda: Net(lambda n, x: ops.resize(n.a(x), x.shape[1:3], mode="nearest"), a=nn.MaxPool2d(4)), 3, 4),
    "every fourth pixel": (
        lambda: Net(
            lambda n, x: ops.resize(
                ops.resize(x, (x.shape[1] // 4, x.shape[2] // 4), mode="nearest"), x.shape[1:3], mode="nearest"
            )
        ),
        3,
        4,
    ),
    "a coarse way behind a wide fine one": (
        lambda: Net(lambda n, x: n.a(x) + ops.resize(n.b(x), x.shape[1:3]), a=conv(33, padding=16), b=nn.MaxPool2d(8)),
        16,
        8,
    ),
}


def of_ones(network):
    for parameter in network.parameters():  # of one sign, so that nothing cancels
        parameter.data[...] = 1
    return network.eval()


def seen_by_computing(network):
    """How far away an answer is that a changed pixel changes, at most; for pixels in the middle of an image."""
    furthest, middle = 0, SIZE // 2
    for place in range(middle, middle + 8):
        image = np.zeros((1, SIZE, SIZE, 1), np.float32)
        with no_grad():
            before = network(Tensor(image.copy())).numpy().copy()
            image[0, place, place] = 1
            changed = np.argwhere((network(Tensor(image)).numpy() != before)[0].any(axis=2))
        if not len(changed):  # a pixel that a stride leaves out
            continue
        furthest = max(furthest, int(np.abs(changed - place).max()))
    return furthest


@pytest.mark.parametrize("name", CASES)
def test_it_is_as_far_as_one_changed_pixel_changes_answers(name):
    make, pixels, multiple = CASES[name]
    network = of_ones(make())
    for one in (network, Planned(network)):
        found = reach(one, 1)
        assert (found.pixels, found.multiple, found.margin) == (pixels, multiple, 0)
    assert seen_by_computing(network) == pixels


@pytest.mark.parametrize(
    "network",
    [
        lambda: Net(lambda n, x: n.a(x), a=SqueezeExcite(3, 2)),
        lambda: Net(lambda n, x: x * ops.mean(x, (1, 2), keepdims=True)),
        lambda: Net(lambda n, x: x * ops.adaptive_max_pool2d(x, 1)),
        lambda: Net(lambda n, x: ops.permute(ops.permute(x, (0, 2, 1, 3)), (0, 2, 1, 3))),  # no rule: all is assumed
    ],
    ids=["a gate", "a mean", "an image pool", "an op without a rule"],
)
def test_what_looks_at_all_of_the_image_is_told(network):
    found = reach(network().eval(), 3)
    assert found.pixels is None and found.multiple == 1


def test_a_network_that_gives_no_map_has_none():
    assert reach(nn.Sequential(nn.Conv2d(3, 2, 3), nn.GlobalAvgPool2d()).eval(), 3) is None
    assert reach(Net(lambda n, x: {"map": x}), 3) is None


def test_what_a_network_loses_at_its_sides_is_its_margin():
    network = Net(lambda n, x: n.b(n.a(x)), a=nn.Conv2d(3, 4, 5), b=nn.Conv2d(4, 2, 3))
    found = reach(network, 3)
    assert (found.pixels, found.multiple, found.margin) == (3, 1, 3)


def test_numbers_that_live_at_once_are_counted():
    """Of ten maps one after the other two live at once, a map and the one before; none of them is computed."""
    with without_values():
        layers = [nn.Conv2d(3, 100, 1), *(nn.Conv2d(100, 100, 1) for _ in range(8)), nn.Conv2d(100, 2, 1)]
        floats = reach(nn.Sequential(*layers), 3).floats
    assert 200 <= floats <= 203 and LONG * 64 * 100 * 4 > 100e6
