"""What a network gives in tiles is what it gives for the whole image."""

import numpy as np
import pytest

from cnnkit import nn, ops
from cnnkit.autograd import Tensor
from cnnkit.engine.use import large
from cnnkit.engine.use.large import maps_of, way, whole
from cnnkit.errors import DeviceMemoryError
from cnnkit.graph import Planned


class Segmenting(nn.Module):
    """A network with a stride, a dilation, a skip and a way back up; an image pool beside it if asked for."""

    def __init__(self, pools=False):
        rng = np.random.default_rng(0)
        self.stem = nn.ConvNorm(3, 8, 3, stride=2, rng=rng)
        self.deep = nn.Sequential(nn.MaxPool2d(2), nn.ConvNorm(8, 12, 3, dilation=2, rng=rng))
        self.up = nn.ConvTranspose2d(12, 8, 4, stride=2, padding=1, rng=rng)
        self.score = nn.Conv2d(16, 5, 1, rng=rng)
        self.pools = pools

    def forward(self, x):
        low = self.stem(x)
        scores = self.score(ops.concat([low, self.up(self.deep(low))]))
        if self.pools:
            scores = scores + ops.mean(scores, (1, 2), keepdims=True)
        return ops.resize(scores, x.shape[1:3])


class Unpadded(nn.Module):
    """Its convolutions begin where they have all that they look at."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.one, self.two = nn.Conv2d(3, 6, 5, activation="relu", rng=rng), nn.Conv2d(6, 4, 3, rng=rng)

    def forward(self, x):
        return self.two(self.one(x))


@pytest.fixture
def small(monkeypatch):
    """Memory for tiles of some 80 pixels."""

    def bound(module, side=80):
        most = int(4 * large.reach_of(module, 3).floats * side**2)
        monkeypatch.setattr(large, "MOST_BYTES", most)
        monkeypatch.setattr(large, "MOST_BYTES_OF_A_TILE", most)

    return bound


@pytest.mark.parametrize("size", [(200, 260), (76, 320)])
@pytest.mark.parametrize("make", [lambda net: net.eval(), lambda net: Planned(net.eval())], ids=["plain", "prepared"])
def test_tiles_of_a_network_of_bounded_reach_have_the_bits_of_the_whole(small, rng, size, make):
    network = make(Segmenting())
    x = rng.standard_normal((1, *size, 3)).astype(np.float32)
    wanted = whole(network, x).copy()
    small(network)
    how = way(network, size, 3)
    assert len(how.tiles) > 3 and how.exact
    # Sums within a convolution may be in another order where a tile ends elsewhere: a rounding or two, of numbers to 3.
    np.testing.assert_allclose(maps_of(network, x), wanted, rtol=0, atol=2e-6)
    labels = maps_of(network, x, keep=lambda y: y.argmax(axis=3).astype(np.uint8))
    assert labels.shape == (1, *size) and (labels != wanted.argmax(axis=3)).mean() < 1e-4


def test_what_fits_is_computed_whole_and_several_images_one_by_one(small, rng):
    network = Segmenting().eval()
    x = rng.standard_normal((3, 60, 80, 3)).astype(np.float32)
    wanted = whole(network, x).copy()
    np.testing.assert_array_equal(maps_of(network, x), wanted)
    small(network)
    assert way(network, (60, 80), 3) == large.Way((), True)
    np.testing.assert_allclose(maps_of(network, x), wanted, rtol=0, atol=2e-6)


def test_a_network_that_sees_the_whole_image_is_not_exact_in_tiles(small, rng):
    network = Segmenting(pools=True).eval()
    assert way(network, (200, 260), 3).exact
    small(network)
    how = way(network, (200, 260), 3)
    assert how.tiles and not how.exact


def test_around_an_image_for_a_network_without_padding_it_is_mirrored(small, rng):
    network = Unpadded().eval()
    x = rng.standard_normal((2, 150, 110, 3)).astype(np.float32)
    wanted = whole(network, np.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0)), mode="reflect")).copy()
    assert wanted.shape == (2, 150, 110, 4)
    np.testing.assert_array_equal(maps_of(network, x), wanted)
    small(network)
    assert len(way(network, (150, 110), 3).tiles) > 3 and way(network, (150, 110), 3).exact
    np.testing.assert_allclose(maps_of(network, x), wanted, rtol=0, atol=2e-6)


def test_tiles_are_told_before_they_are_computed(small, rng):
    network, told = Segmenting().eval(), []
    small(network)
    maps_of(network, rng.standard_normal((1, 200, 60, 3)).astype(np.float32), tell=lambda *of: told.append(of))
    tiles = way(network, (200, 60), 3).tiles
    assert told == [(k, len(tiles)) for k in range(len(tiles))]


def test_a_network_that_gives_no_map_is_computed_as_ever(rng):
    network = nn.Sequential(nn.Conv2d(3, 2, 3, rng=rng), nn.GlobalAvgPool2d()).eval()
    x = rng.standard_normal((2, 9, 9, 3)).astype(np.float32)
    np.testing.assert_array_equal(maps_of(network, x), whole(network, x))


def test_many_filters_leave_less_for_a_tile(monkeypatch):
    network = Planned(Segmenting().eval())
    filters, least = 4 * sum(p.size for p in network.parameters()), int(4 * large.reach_of(network, 3).floats * 24**2)
    monkeypatch.setattr(large, "MOST_BYTES", least)
    monkeypatch.setattr(large, "MOST_BYTES_OF_A_TILE", least + 2 * filters)

    def longest(many):
        monkeypatch.setattr(large, "MANY_FILTERS", many)
        return max(side.stop - side.start for tile in way(network, (300, 300), 3).tiles for side in tile)

    assert longest(0) < longest(filters)


class Narrow(nn.Module):
    """A network of a device that has room for so many images."""

    def __init__(self, most):
        self.most, self.seen = most, []

    def forward(self, x, beside=None):
        self.seen.append(len(x))
        if len(x) > self.most:
            raise DeviceMemoryError("No room.")
        return {"twice": x * 2, "beside": Tensor(np.zeros((len(x), 1), np.float32) if beside is None else beside)}


def test_a_batch_that_finds_no_room_is_computed_in_parts():
    x, beside, network = (
        np.arange(10, dtype=np.float32).reshape(5, 2),
        np.arange(5, dtype=np.float32)[:, None],
        Narrow(2),
    )
    found = whole(network, x, beside)
    np.testing.assert_array_equal(found["twice"], 2 * x)
    np.testing.assert_array_equal(found["beside"], beside)
    assert network.seen == [5, 2, 3, 1, 2]
    with pytest.raises(DeviceMemoryError, match="No room"):
        whole(Narrow(0), x)
