"""`out=`: every kernel that returns arrays writes them where it is told, whatever lay there, and returns those."""

import inspect

import numpy as np
import pytest
from calls import BETWEEN, CALLS, DY, SAME, W, X, operands

from cnnkit.errors import DTypeError, ShapeError
from cnnkit.kernels import cpu, reference

BACKENDS = pytest.mark.parametrize("k", [reference, cpu], ids=["reference", "cpu"])
ROWS_OF_CALLS = pytest.mark.parametrize(("name", "variant"), CALLS, ids=[", ".join(filter(None, row)) for row in CALLS])


def test_every_kernel_with_an_out_has_a_row():
    kernels = {name for name in reference.__all__ if "out" in inspect.signature(getattr(reference, name)).parameters}
    assert kernels == {name for name, _ in CALLS}


def garbage(array):
    """An array of that shape and type with numbers that no result has."""
    return np.full(array.shape, np.nan if array.dtype.kind == "f" else 77, array.dtype)


@BACKENDS
@ROWS_OF_CALLS
def test_results_go_where_they_are_told_with_the_same_bits(k, name, variant):
    args, options = operands(name, variant)
    expected = getattr(k, name)(*args, **options)
    args, options = operands(name, variant)
    if not isinstance(expected, tuple):
        out = garbage(expected)
        assert getattr(k, name)(*args, **options, out=out) is out
        assert out.tobytes() == expected.tobytes()
        return
    out = tuple(None if array is None else garbage(array) for array in expected)
    found = getattr(k, name)(*args, **options, out=out)
    for given, got, wanted in zip(out, found, expected, strict=True):
        assert got is given
        assert got is None or got.tobytes() == wanted.tobytes()


@BACKENDS
@ROWS_OF_CALLS
def test_an_array_that_does_not_fit_is_refused(k, name, variant):
    args, options = operands(name, variant)
    right = getattr(k, name)(*args, **options)
    for error, spoil in (
        (ShapeError, lambda a: np.empty((*a.shape, 1), a.dtype)),
        (DTypeError, lambda a: np.empty(a.shape, np.int16)),
        (ShapeError, lambda a: np.empty((*a.shape, 2), a.dtype)[..., 0]),
    ):
        several = isinstance(right, tuple)
        for place in [i for i, array in enumerate(right) if array is not None] if several else [0]:
            array = right[place] if several else right
            if array.size == 0:
                continue
            bad = spoil(array)
            if bad.shape == array.shape and bad.dtype == array.dtype and bad.flags.carray:
                continue  # a single number has no gaps
            out = tuple(bad if i == place else None for i in range(len(right))) if several else bad
            with pytest.raises(error):
                getattr(k, name)(*args, **options, out=out)


@BACKENDS
@pytest.mark.parametrize(("name", "variant"), sorted(BETWEEN))
def test_results_may_lie_between_the_channels_of_others(k, name, variant):
    args, options = CALLS[name, variant]
    expected = getattr(k, name)(*args, **options)
    *pixels, channels = expected.shape
    whole = garbage(np.empty((*pixels, channels + 5), expected.dtype))
    out = k.channels(whole, 2, channels)
    assert getattr(k, name)(*args, **options, out=out) is out
    np.testing.assert_array_equal(whole[..., 2 : 2 + channels], expected)
    assert np.isnan(whole[..., :2]).all() and np.isnan(whole[..., 2 + channels :]).all()


@BACKENDS
def test_some_results_may_be_new(k):
    dw = np.empty(W.shape, np.float32)
    found, db = k.conv2d_dw(DY, X, W.shape, SAME, needs_db=True, out=(dw, None))
    assert found is dw and db.shape == (4,)
    with pytest.raises(ShapeError, match="2 results"):
        k.conv2d_dw(DY, X, W.shape, SAME, out=dw)


def test_a_definition_rounds_into_float32():
    out = np.empty(X.shape, np.float32)
    np.testing.assert_array_equal(reference.exp(X, out=out), reference.exp(X).astype(np.float32))
