"""Resizing: known values, agreement with the definition, what it keeps."""

from itertools import product

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference
from cnnkit.kernels.cpu.simd.vector import LANES
from cnnkit.kernels.shared.resizing import readers, sources

SIZES = {
    "larger": ((2, 5, 4), (13, 9)),
    "twice": ((1, 3, 5), (6, 10)),
    "smaller": ((2, 9, 11), (4, 3)),
    "one side each way": ((1, 8, 3), (3, 8)),
    "from one pixel": ((3, 1, 1), (5, 4)),
    "to one pixel": ((2, 5, 6), (1, 1)),
    "the same": ((1, 4, 5), (4, 5)),
    "much larger, in several tasks": ((1, 4, 5), (90, 120)),
    "no images": ((0, 3, 4), (5, 5)),
}
WAYS = [{"nearest": nearest, "align_corners": corners} for nearest, corners in product((False, True), repeat=2)]
every_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(name for name in way if way[name]) or "plain")


@every_way
@pytest.mark.parametrize("C", [1, 3, LANES, 2 * LANES + 5])
@pytest.mark.parametrize(("shape", "size"), SIZES.values(), ids=SIZES.keys())
def test_it_agrees_with_its_definition(shape, size, C, way, rng):
    x = rng.standard_normal((*shape, C), dtype=np.float32)
    y = cpu.resize(x, size, **way)
    assert_matches(y, reference.resize(x, size, **way), 4)
    dy = rng.standard_normal(y.shape, dtype=np.float32)
    dx = cpu.resize_dx(dy, x.shape, **way)
    # Each pixel gathers from as many outputs as fall to it, twice as many a side where they are shared.
    terms = 4 * -(-size[0] // shape[1]) * -(-size[1] // shape[2])
    assert_matches(dx, reference.resize_dx(dy, x.shape, **way), terms)


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ({}, [0, 0.5, 1.5, 2.5, 3]),
        ({"align_corners": True}, [0, 0.75, 1.5, 2.25, 3]),
        ({"nearest": True}, [0, 0, 1, 2, 3]),
        ({"nearest": True, "align_corners": True}, [0, 1, 2, 2, 3]),
    ],
    ids=["plain", "corners", "nearest", "nearest, corners"],
)
def test_places_between_four_pixels(way, expected):
    x = np.arange(4, dtype=np.float32).reshape(1, 1, 4, 1)
    # (o + 1/2)·4/5 - 1/2 is -0.1, 0.7, 1.5, 2.3, 3.1: the first is moved to 0, the last ends at pixel 3
    if not way:
        expected = [0, 0.7, 1.5, 2.3, 3]
    np.testing.assert_allclose(cpu.resize(x, (1, 5), **way).reshape(-1), expected, rtol=1e-6)


@every_way
def test_an_even_image_stays_so(way):
    x = np.full((1, 7, 5, 3), 0.1, np.float32)
    assert (cpu.resize(x, (23, 4), **way) == np.float32(0.1)).all()


@every_way
@pytest.mark.parametrize(("size", "wanted"), [(1, 1), (1, 9), (5, 1), (7, 7), (4, 10), (10, 4), (65, 513), (1000, 3)])
def test_both_sides_tell_the_same_links_and_each_output_weighs_one(size, wanted, way):
    lower, upper, share = sources(size, wanted, **way)
    assert (lower >= 0).all() and (lower <= upper).all() and (upper < size).all() and (share >= 0).all()
    dense, turned = np.zeros((wanted, size)), np.zeros((wanted, size))
    for o in range(wanted):
        dense[o, lower[o]] += 1 - share[o]
        dense[o, upper[o]] += share[o]
    starts, outputs, weights = readers(size, wanted, **way)
    for i in range(size):
        for r in range(starts[i], starts[i + 1]):
            turned[outputs[r], i] += weights[r]
    np.testing.assert_array_equal(dense, turned)
    np.testing.assert_allclose(dense.sum(1), 1, rtol=1e-15)


def test_nearest_gives_no_new_number(rng):
    x = rng.standard_normal((1, 5, 7, 2), dtype=np.float32)
    for corners in (False, True):
        assert set(cpu.resize(x, (12, 3), nearest=True, align_corners=corners).flat) <= set(x.flat)


def test_nan_spreads_to_those_who_read_it_and_no_further(rng):
    x = rng.standard_normal((1, 4, 4, 3), dtype=np.float32)
    x[0, 1, 2, 1] = np.nan
    y = cpu.resize(x, (8, 8))
    assert np.isnan(y[..., 1]).sum() == 16 and np.isfinite(y[..., [0, 2]]).all()
