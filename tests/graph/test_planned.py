"""A network in use: planned, and small inputs answered by programs."""

import numpy as np
import pytest

from cnnkit import kernels, models, nn, ops
from cnnkit.autograd import Tensor, no_grad, traced
from cnnkit.graph import Planned
from cnnkit.graph.planned import BEFORE, CHANGES, KEPT, MOST
from cnnkit.kernels.cpu.machine.again import program

RNG = np.random.default_rng(0)


def images(shape):
    return RNG.standard_normal(shape).astype(np.float32)


def small(name, size=32):
    model = models.create(name, classes=5, in_channels=3, image_size=(size, size), rng=np.random.default_rng(0))
    return model.eval()


def asked(network, shape, times=BEFORE + 2):
    """What it gives for the last of some inputs, and what it would give for the first."""
    with no_grad():
        for _ in range(times - 1):
            network(images(shape))
        x = images(shape)
        return network(x), Planned(network.network)(x)


def parts(network):
    return [part for part in network._parts.values() if part is not None]


def made(network):
    """The programs."""
    return [known.run for part in parts(network) for known in part._programs.values() if not isinstance(known, int)]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("convnet", 32),
        ("resnet20", 32),
        ("mobilenet_v3_small", 64),
        ("shufflenet_v2_x0_5", 64),
        ("squeezenet1_1", 64),
        ("unet_bn_w16_d3", 32),
        ("reseg_bn_x0_25", 32),
        ("fcn8s_bn_x0_125", 64),
        ("yolo_nano", 64),
        ("faster_rcnn_nano", 64),
    ],
)
def test_each_kind_of_network_has_a_program_with_the_same_bits(name, size):
    network = Planned(small(name, size))
    for shape in ((1, size, size, 3), (2, size, size, 3)):
        found, expected = asked(network, shape)
        np.testing.assert_array_equal(found.numpy(), expected.numpy(), strict=True)
    assert all(isinstance(run, program.Program) for run in made(network)) and len(made(network)) == 2


class Two(nn.Module):
    def __init__(self):
        self.one = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten())

    def forward(self, x):
        y = self.one(x)
        return {"map": y, "more": (y, None, nn.Flatten()(y))}


def test_several_results_come_as_the_network_gives_them():
    network = Planned(Two().eval())
    found, expected = asked(network, (1, 8, 8, 3))
    assert len(made(network)) == 1 and None not in made(network)
    assert list(found) == ["map", "more"] and found["more"][1] is None
    np.testing.assert_array_equal(found["map"].numpy(), expected["map"].numpy())
    np.testing.assert_array_equal(found["more"][2].numpy(), expected["more"][2].numpy())


def test_the_first_inputs_have_no_program():
    network = Planned(small("convnet"))
    asked(network, (1, 32, 32, 3), BEFORE)
    assert made(network) == []
    asked(network, (1, 32, 32, 3), 1)
    assert len(made(network)) == 1


def test_other_weights_make_another_plan_and_weights_that_always_change_none():
    network = Planned(nn.Conv2d(3, 4, 3).eval())
    for _ in range(CHANGES + 2):
        network.network.weight.data = images((3, 3, 3, 4))
        asked(network, (1, 8, 8, 3))
        with no_grad():
            x = images((1, 8, 8, 3))
            np.testing.assert_array_equal(network(x).numpy(), network.network(x).numpy())
    (part,) = parts(network)
    assert part.changes == CHANGES + 1 and not part.as_planned()


def test_a_tape_is_recorded_as_ever_and_whoever_is_told_of_calls_sees_those_of_the_plan():
    network = Planned(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval())
    asked(network, (1, 8, 8, 3))
    x = Tensor(images((1, 8, 8, 3)), requires_grad=True)
    network(x).backward(np.ones((1, 6, 6, 4), np.float32))
    assert x.grad is not None
    with no_grad(), traced() as calls:
        network(images((1, 8, 8, 3)))
    assert [function.__name__ for function, _, _ in calls] == ["PreparedConv2d"]
    assert len(network.watched((1, 8, 8, 3))) == 2 and network.output_shape((1, 8, 8, 3)) == (1, 6, 6, 4)


@pytest.mark.parametrize("part", ["the whole", "a part"])
def test_in_training_every_call_is_computed(part):
    network = Planned(nn.Sequential(nn.BatchNorm2d(3)).eval())
    asked(network, (2, 4, 4, 3))
    assert len(made(network)) == 1
    norm = network.network[0]
    (network if part == "the whole" else norm).train()
    with no_grad():
        before = kernels.of(norm.running_mean).fetch(norm.running_mean).copy()
        network(images((2, 4, 4, 3)))
    assert not np.array_equal(norm.running_mean, before)


def test_large_inputs_and_many_shapes_are_no_burden():
    network = Planned(nn.Conv2d(1, 1, 1).eval())
    with no_grad():
        for side in range(1, KEPT + 4):
            network(images((1, side, side, 1)))
        (part,) = parts(network)
        assert len(part._programs) == len(part._plans) == KEPT
        before = dict(part._programs)
        network(np.zeros((1, MOST + 1, 1, 1), np.float32))
        assert part._programs == before


def test_the_definitions_and_rehearsals_have_no_program():
    network = Planned(nn.Conv2d(1, 1, 1).eval())
    with kernels.use(backend="reference"):
        found, expected = asked(network, (1, 3, 3, 1))
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
    assert made(network) == []
    network = Planned(small("convnet"))
    with kernels.shapes_only():
        asked(network, (1, 32, 32, 3))
    assert made(network) == []
    asked(network, (1, 32, 32, 3), 1)
    assert len(made(network)) == 1


def test_images_of_no_pixels_and_empty_batches_are_no_matter():
    network = Planned(nn.Conv2d(3, 4, 1).eval())
    with no_grad():
        assert network(np.zeros((0, 8, 8, 3), np.float32)).shape == (0, 8, 8, 4)


class ByValues(nn.Module):
    """Which layer computes depends on the numbers."""

    def __init__(self):
        self.bright, self.dark = nn.Conv2d(3, 4, 3), nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())

    def forward(self, x):
        return self.bright(x) if float(x.numpy().mean()) > 0 else self.dark(x)


class InNumPy(nn.Module):
    """The numbers leave the tape on their way."""

    def __init__(self):
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 1)

    def forward(self, x):
        y = self.first(x).numpy()
        return self.second(Tensor(np.sort(y, axis=-1)))


class Counting(nn.Module):
    """Its answer hangs on how often it was asked."""

    def __init__(self):
        self.conv, self.calls = nn.Conv2d(3, 4, 3), 0

    def forward(self, x):
        self.calls += 1
        return self.conv(x) * float(self.calls)


class OwnLayer(nn.Conv2d):
    """A layer of cnnkit's that computes something else."""

    def forward(self, x):
        return super().forward(x) + float(x.numpy().max())


class Shrinking(nn.Module):
    """The shape of what it gives depends on the numbers."""

    def __init__(self):
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        y = self.conv(x)
        return ops.slice(y, (0, 0, 0, 0), (len(y), 1 + int(abs(y.numpy()).max()) % 5, *y.shape[2:]))


class Remade(nn.Module):
    """Its filters are others at each call, and so is a layer."""

    def __init__(self):
        self.conv, self.v = nn.Conv2d(3, 4, 3), nn.Parameter(images((3, 3, 3, 4)))

    def forward(self, x):
        self.conv.weight.data = self.v.data * np.float32(x.numpy().std())
        self.last = nn.Sequential(nn.BatchNorm2d(4, activation="relu")).eval()
        self.last[0].running_mean[:] = x.numpy().mean()
        return self.last(self.conv(x))


HOSTILE = [ByValues, InNumPy, Counting, lambda: nn.Sequential(OwnLayer(3, 4, 3)), Shrinking, Remade]


@pytest.mark.parametrize("make", HOSTILE, ids=["values", "numpy", "state", "own layer", "shape", "weights"])
def test_what_hangs_on_values_gives_always_what_it_gave_before(make):
    network, twin = make().eval(), make().eval()
    twin.load_state_dict(network.state_dict())
    ready = Planned(network)
    with no_grad():
        for number in range(3 * BEFORE + 6):
            x = images((2, 7, 7, 3)) + np.float32(number % 3 - 1)
            # One rounding of each filter, for sums of some tens of numbers below 10.
            np.testing.assert_allclose(ready(x).numpy(), twin(x).numpy(), rtol=0, atol=2e-5)


def test_parts_that_are_made_at_each_call_are_not_kept():
    network = Planned(Two().eval())
    asked(network, (1, 8, 8, 3), 10)
    assert len(network._parts) == 2


def test_a_forward_that_is_set_on_a_part_later_is_computed():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    ready = Planned(network)
    asked(ready, (1, 8, 8, 3))
    network[1].forward = lambda x: x * 0.0
    with no_grad():
        assert not ready(images((1, 8, 8, 3))).numpy().any()


def test_a_network_that_is_given_more_than_images_computes_as_ever():
    class Scaled(nn.Module):
        def forward(self, x, by=None):
            return Tensor(x.numpy() * (1 if by is None else by))

    network = Planned(Scaled())
    with no_grad():
        for by in (2.0, 3.0, 4.0, 5.0):
            x = images((2, 3))
            np.testing.assert_array_equal(network(x, np.float32(by)).numpy(), x * np.float32(by))
    assert not parts(network)
