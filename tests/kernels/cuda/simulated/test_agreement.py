"""Every kernel against its definition, with and without `out`, on the calls of `test_out.py`."""

import numpy as np
import pytest
from agreement import assert_matches
from calls import BETWEEN, CALLS, operands
from there import here, there

from cnnkit import kernels
from cnnkit.errors import DTypeError, ShapeError
from cnnkit.kernels import cuda, reference
from cnnkit.kernels.cuda.lacking import LACKING
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.simulated.turns import backwards

THERE = [row for row in CALLS if row[0] not in LACKING]
QUICK = {"add", "activate", "where", "permute", "softmax"}
ROWS = pytest.mark.parametrize(
    ("name", "variant"),
    [pytest.param(*row, marks=[pytest.mark.quick] * (row[0] in QUICK)) for row in THERE],
    ids=[", ".join(filter(None, row)) for row in THERE],
)


pytestmark = pytest.mark.usefixtures("on_cuda")


def as_tuple(value):
    return value if isinstance(value, tuple) else (value,)


def called(name, variant, **more):
    args, options = operands(name, variant)
    return getattr(cuda, name)(*there(args), **there(options), **more)


@ROWS
def test_a_kernel_agrees_with_its_definition(name, variant):
    args, options = operands(name, variant)
    expected = as_tuple(getattr(reference, name)(*args, **options))
    found = as_tuple(here(called(name, variant)))
    assert [y is None for y in found] == [y is None for y in expected]
    for y, wanted in zip(found, expected, strict=True):
        if wanted is None:
            continue
        if wanted.dtype.kind == "f":
            # Sums of a hundred terms at most.
            assert_matches(y, wanted, terms=100)
        else:
            np.testing.assert_array_equal(y, wanted, strict=True)


@ROWS
def test_results_go_where_they_are_told_with_the_same_bits(name, variant):
    expected = called(name, variant)
    several = isinstance(expected, tuple)
    out = tuple(None if y is None else cuda.empty(y.shape, y.dtype) for y in as_tuple(expected))
    with backwards():  # nor may it matter which thread of a block comes first
        found = called(name, variant, out=out if several else out[0])
    for given, got, wanted in zip(out, as_tuple(found), as_tuple(expected), strict=True):
        assert got is given
        assert got is None or cuda.fetch(got).tobytes() == cuda.fetch(wanted).tobytes()


@ROWS
def test_an_array_that_does_not_fit_is_refused(name, variant):
    with kernels.shapes_only():
        right = as_tuple(called(name, variant))
        args, options = operands(name, variant)
        several = len(right) > 1 or isinstance(getattr(reference, name)(*args, **options), tuple)
        for place, array in enumerate(right):
            if array is None or not array.size:
                continue
            view = DeviceArray(None, array.shape, array.dtype, array.step + 1) if array.ndim > 1 else None
            for error, bad in (
                (ShapeError, cuda.empty((*array.shape, 1), array.dtype)),
                (DTypeError, cuda.empty(array.shape, np.int16)),
                (ShapeError, view if (name, variant) not in BETWEEN else None),
            ):
                if bad is None:
                    continue
                out = tuple(bad if i == place else None for i in range(len(right))) if several else bad
                with pytest.raises(error):
                    called(name, variant, out=out)


@pytest.mark.parametrize(("name", "variant"), sorted(row for row in BETWEEN if row[0] not in LACKING))
def test_results_may_lie_between_the_channels_of_others(name, variant):
    expected = here(called(name, variant))
    *pixels, channels = expected.shape
    whole = cuda.put(np.full((*pixels, channels + 5), np.nan, np.float32))
    out = cuda.channels(whole, 2, channels)
    assert called(name, variant, out=out) is out
    written = cuda.fetch(whole)
    np.testing.assert_array_equal(written[..., 2 : 2 + channels], expected)
    assert np.isnan(written[..., :2]).all() and np.isnan(written[..., 2 + channels :]).all()
