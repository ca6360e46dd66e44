"""Maps that know what the smallest does, and the map of a region's size."""

import numpy as np
import pytest

from cnnkit import ops
from cnnkit.autograd import Tensor
from cnnkit.models.detection.two_stage import LevelAlign, Pyramid


def maps(rng, *sides, channels=3):
    return [Tensor(rng.standard_normal((2, side, side, channels)).astype(np.float32)) for side in sides]


def passing(pyramid):
    """Filters that pass each channel on as it is."""
    for layer in (*pyramid.inner, *pyramid.outer):
        weight = np.zeros(layer.weight.shape, np.float32)
        weight[weight.shape[0] // 2, weight.shape[1] // 2] = np.eye(3)
        layer.weight.take(weight)
    return pyramid


def twice(y):
    return y.repeat(2, axis=1).repeat(2, axis=2)


def test_each_map_has_all_coarser_ones_added_and_the_last_is_halved(rng):
    x = maps(rng, 8, 4, 2)
    found = [y.numpy() for y in passing(Pyramid([3, 3, 3], 3, rng=rng))(x)]
    fine, middle, coarse = (y.numpy() for y in x)
    # A convolution may differ from a sum in the last bit.
    np.testing.assert_allclose(found[2], coarse, rtol=1e-6)
    np.testing.assert_allclose(found[1], middle + twice(coarse), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[0], fine + twice(middle + twice(coarse)), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found[3], found[2][:, ::2, ::2])
    assert len(found) == 4


def test_sizes_that_do_not_halve_evenly_fit(rng):
    found = Pyramid([3, 3], 5, coarser=False, rng=rng)(maps(rng, 7, 4))
    assert [y.shape for y in found] == [(2, 7, 7, 5), (2, 4, 4, 5)]


def test_all_of_it_learns(rng):
    pyramid = Pyramid([3, 3], 4, rng=rng)
    fine, coarse, coarser = pyramid(maps(rng, 4, 2))
    ops.add(ops.add(ops.sum(fine), ops.sum(coarse)), ops.sum(coarser)).backward()
    assert all(parameter.grad is not None and parameter.grad.any() for parameter in pyramid.parameters())


@pytest.mark.parametrize(
    ("side", "level"), [(20, 0), (111, 0), (112, 1), (223, 1), (224, 2), (447, 2), (448, 3), (2000, 3)]
)
def test_a_region_is_cut_from_the_map_of_its_size(rng, side, level):
    """Equation 1: 224 pixels belong to the map of a sixteenth, half as many to the one before."""
    x, strides = maps(rng, 32, 16, 8, 4), (4, 8, 16, 32)
    roi = Tensor(np.float32([[1, 3, 5, 3 + side, 5 + side], [-1, 0, 0, 300, 300]]))
    found = LevelAlign(7, strides)(x, roi).numpy()
    wanted = ops.roi_align(x[level], roi.data, 7, scale=1 / strides[level], sampling=2, aligned=False).numpy()
    np.testing.assert_array_equal(found, wanted)
    assert found[0].any() and not found[1].any()


def test_what_counts_is_the_area(rng):
    x = maps(rng, 16, 8)
    long = Tensor(np.float32([[0, 0, 0, 64, 15], [0, 0, 0, 64, 17]]))  # less and more than 32x32
    found = LevelAlign(2, (8, 16), canonical=32)(x, long).numpy()
    for region, level in ((0, 0), (1, 1)):
        one = ops.roi_align(x[level], long.data, 2, scale=1 / (8, 16)[level], sampling=2, aligned=False).numpy()
        np.testing.assert_array_equal(found[region], one[region])


def test_further_maps_are_for_anchors_alone(rng):
    x, roi = maps(rng, 8, 4), Tensor(np.float32([[0, 2, 2, 900, 900]]))
    np.testing.assert_array_equal(LevelAlign(2, (8,))(x, roi).numpy(), LevelAlign(2, (8,))(x[:1], roi).numpy())
