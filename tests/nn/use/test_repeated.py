"""A network in use for small inputs, again and again."""

import numpy as np
import pytest

from cnnkit import kernels, models, nn
from cnnkit.autograd import Tensor, no_grad, traced
from cnnkit.kernels.cpu.machine import program
from cnnkit.nn.use.prepared import prepared
from cnnkit.nn.use.repeated import BEFORE, KEPT, MOST, Repeated

RNG = np.random.default_rng(0)


def images(shape):
    return RNG.standard_normal(shape).astype(np.float32)


def small(name, size=32):
    model = models.create(name, classes=5, in_channels=3, image_size=(size, size), rng=np.random.default_rng(0))
    return prepared(model.eval())


def asked(network, shape, times=BEFORE + 2):
    """What it gives for the last of some inputs, and what the network behind it gives."""
    with no_grad():
        for _ in range(times - 1):
            network(images(shape))
        x = images(shape)
        return network(x), network.network(x)


def made(network):
    """The programs."""
    return [known.run for known in network._programs.values() if not isinstance(known, int)]


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
    ],
)
def test_each_kind_of_network_has_a_program_with_the_same_bits(name, size):
    network = Repeated(small(name, size))
    for shape in ((1, size, size, 3), (2, size, size, 3)):
        found, expected = asked(network, shape)
        np.testing.assert_array_equal(found.numpy(), expected.numpy(), strict=True)
    assert all(isinstance(run, program.Program) for run in made(network)) and len(made(network)) == 2


class Two(nn.Module):
    def __init__(self):
        self.one = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        y = self.one(x)
        return {"map": y, "more": (y, None, nn.Flatten()(y))}


def test_several_results_come_as_the_network_gives_them():
    network = Repeated(Two().eval())
    found, expected = asked(network, (1, 8, 8, 3))
    assert made(network) != [None]
    assert list(found) == ["map", "more"] and found["more"][1] is None
    np.testing.assert_array_equal(found["map"].numpy(), expected["map"].numpy())
    np.testing.assert_array_equal(found["more"][2].numpy(), expected["more"][2].numpy())


def test_the_first_inputs_are_computed_as_ever():
    network = Repeated(small("convnet"))
    asked(network, (1, 32, 32, 3), BEFORE)
    assert made(network) == []
    asked(network, (1, 32, 32, 3), 1)
    assert len(made(network)) == 1


def test_other_weights_make_another_program():
    network = Repeated(nn.Conv2d(3, 4, 3).eval())
    asked(network, (1, 8, 8, 3))
    network.network.weight.data = images((3, 3, 3, 4))
    found, expected = asked(network, (1, 8, 8, 3))
    np.testing.assert_array_equal(found.numpy(), expected.numpy())
    assert len(made(network)) == 1


def test_a_tape_and_whoever_watches_see_every_call():
    network = Repeated(nn.Conv2d(3, 4, 3).eval())
    asked(network, (1, 8, 8, 3))
    x = Tensor(images((1, 8, 8, 3)), requires_grad=True)
    network(x).backward(np.ones((1, 6, 6, 4), np.float32))
    assert x.grad is not None
    with no_grad(), traced() as calls:
        network(images((1, 8, 8, 3)))
    assert len(calls) == 1
    assert len(network.watched((1, 8, 8, 3))) == 1 and network.output_shape((1, 8, 8, 3)) == (1, 6, 6, 4)


def test_in_training_every_call_is_computed():
    network = Repeated(nn.BatchNorm2d(3).eval())
    asked(network, (2, 4, 4, 3))
    assert len(made(network)) == 1
    network.train()
    with no_grad():
        before = kernels.of(network.network.running_mean).fetch(network.network.running_mean).copy()
        network(images((2, 4, 4, 3)))
    assert not np.array_equal(network.network.running_mean, before)


def test_large_inputs_and_many_shapes_are_no_burden():
    network = Repeated(nn.Conv2d(1, 1, 1).eval())
    with no_grad():
        for side in range(1, KEPT + 4):
            network(images((1, side, side, 1)))
        assert len(network._programs) == KEPT
        before = dict(network._programs)
        network(np.zeros((1, MOST + 1, 1, 1), np.float32))
        assert network._programs == before


def test_the_definitions_and_rehearsals_have_none():
    network = Repeated(nn.Conv2d(1, 1, 1).eval())
    with kernels.use(backend="reference"):
        found, expected = asked(network, (1, 3, 3, 1))
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
    assert made(network) == []
    network = Repeated(small("convnet"))
    with kernels.shapes_only():
        asked(network, (1, 32, 32, 3))
    assert made(network) == []
    asked(network, (1, 32, 32, 3), 1)
    assert len(made(network)) == 1


def test_a_network_that_is_given_more_than_images_computes_as_ever():
    class Scaled(nn.Module):
        def forward(self, x, by=None):
            return Tensor(x.numpy() * (1 if by is None else by))

    network = Repeated(Scaled())
    with no_grad():
        for by in (2.0, 3.0, 4.0, 5.0):
            x = images((2, 3))
            np.testing.assert_array_equal(network(x, np.float32(by)).numpy(), x * np.float32(by))
    assert not network._programs
