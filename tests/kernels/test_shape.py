"""Moving elements about: exact on every backend."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit.kernels import cpu, reference


@pytest.mark.parametrize("axes", list(permutations(range(4))), ids=str)
def test_permute_moves_memory(rng, axes):
    x = numbers(rng, (2, 3, 4, 17))
    y = cpu.permute(x, axes)
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, x.transpose(axes))
    np.testing.assert_array_equal(y, reference.permute(x, axes))


@pytest.mark.parametrize("axis", [0, 1, 3, -2])
def test_concat(rng, axis):
    xs = [numbers(rng, [size if a == axis % 4 else 3 for a in range(4)]) for size in (1, 0, 5, 17)]
    y = cpu.concat(xs, axis)
    np.testing.assert_array_equal(y, np.concatenate(xs, axis))
    np.testing.assert_array_equal(y, reference.concat(xs, axis))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_pad_and_slice_anything(data):
    rng = np.random.default_rng(1)
    shape = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=4), "shape")
    x = numbers(rng, shape)
    widths = [data.draw(st.tuples(st.integers(0, 3), st.integers(0, 20))) for _ in shape]
    np.testing.assert_array_equal(cpu.pad(x, widths, 7), np.pad(x, widths, constant_values=7))
    np.testing.assert_array_equal(reference.pad(x, widths, 7), np.pad(x, widths, constant_values=7))

    bounds = [data.draw(st.slices(size)) for size in shape]
    starts, stops, steps = zip(*[(s.start, s.stop, s.step) for s in bounds], strict=True)
    taken = x[tuple(bounds)]
    for backend in (cpu, reference):
        np.testing.assert_array_equal(backend.slice(x, starts, stops, steps), taken)
        dx = backend.slice_dx(taken + 1, x.shape, starts, stops, steps)
        expected = np.zeros_like(x)
        expected[tuple(bounds)] = taken + 1
        np.testing.assert_array_equal(dx, expected)


def test_outputs_go_where_they_are_told(rng):
    x, out = numbers(rng, (4, 6)), np.empty((6, 4), np.float32)
    assert cpu.permute(x, (1, 0), out=out) is out
    np.testing.assert_array_equal(out, x.T)


def test_large_copies_are_cut_into_tasks(rng):
    x = numbers(rng, (70, 33, 31))
    np.testing.assert_array_equal(cpu.permute(x, (2, 0, 1)), x.transpose(2, 0, 1))
    np.testing.assert_array_equal(cpu.pad(x, [(1, 0), (0, 0), (0, 0)]), np.pad(x, [(1, 0), (0, 0), (0, 0)]))


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_integers_are_moved_as_they_are(backend, dtype):
    """Labels and masks; the largest would not survive a passage through floats."""
    x = np.array([[0, 1, np.iinfo(dtype).max], [7, 8, 9]], dtype)
    for found, expected in (
        (backend.concat([x, x[:, :1]], 1), np.concatenate([x, x[:, :1]], 1)),
        (backend.pad(x, [(1, 0), (0, 2)], 5), np.pad(x, [(1, 0), (0, 2)], constant_values=5)),
        (backend.permute(x, (1, 0)), x.T),
        (backend.slice(x, (0, 1), (2, 3), (1, 1)), x[:, 1:]),
    ):
        assert found.dtype == dtype and found.flags.c_contiguous
        np.testing.assert_array_equal(found, expected)


def numbers(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)
