"""Every vector operation against numpy, compiled and as plain Python."""

import numpy as np
import pytest

from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.cpu.machine.jit import kernel
from cnnkit.kernels.cpu.simd import plain
from cnnkit.kernels.cpu.simd.math import vexp, vexp_down, vlog1p, vsigmoid
from cnnkit.kernels.cpu.simd.vector import (
    LANES,
    absolute,
    evens,
    exponent,
    fill,
    first_lane,
    fma,
    keep_where,
    load,
    load_first,
    load_or_zero,
    odds,
    reduce_add,
    reduce_max,
    scale_by_power,
    select_equal,
    select_less,
    splat,
    sqrt,
    store,
    store_codes,
    store_first,
    tile,
    transpose,
    truncate,
    vmax,
    vmin,
    zero,
    zip_high,
    zip_low,
)

HALF = np.float32(1.5)


@kernel
def every_operation(x, y, codes, count):
    a, b = load(x, 0), load(x, LANES)
    t = tile(2, 3)
    t[1, 2] = a
    results = (a + b, a - b, a * b, a / b, fma(a, b, a), vmax(a, b), vmin(a, b), select_less(a, b, b, zero()),
               select_equal(a, a, a, zero()), splat(x, 3), fill(HALF), absolute(a), sqrt(absolute(a)), truncate(a),
               scale_by_power(a, truncate(b)), load_first(x, 1, count), load_or_zero(x, 0, count > 0),
               load_or_zero(x, 0, count < 0), t[1, 2], keep_where(a, codes, 0, 2), exponent(absolute(a)))  # fmt: skip
    i = 0
    for v in results:
        store(y, i, v)
        i += LANES
    store_first(y, i, a, count)
    y[i + LANES] = reduce_add(a)
    y[i + LANES + 1] = reduce_max(a)
    y[i + LANES + 2] = first_lane(a)
    store_codes(codes, LANES, absolute(a))


def test_each_operation_means_what_numpy_means(rng):
    x = buffers.aligned((rng.standard_normal(2 * LANES) * 3).astype(np.float32))
    codes = np.arange(2 * LANES, dtype=np.uint8) % 4
    y = np.full(22 * LANES + 3, 7, np.float32)
    every_operation(x, y, codes, 3)
    a, b = x[:LANES], x[LANES:]
    first = np.where(np.arange(LANES) < 3, x[1 : 1 + LANES], 0)
    expected = [a + b, a - b, a * b, a / b, a * b + a, np.maximum(a, b), np.minimum(a, b), np.where(a < b, b, 0), a,
                np.full(LANES, x[3]), np.full(LANES, 1.5), abs(a), np.sqrt(abs(a)), np.trunc(a),
                a * 2.0 ** np.trunc(b), first, a, np.zeros(LANES), a,
                np.where(np.arange(LANES) % 4 == 2, a, 0), np.floor(np.log2(abs(a)))]  # fmt: skip
    # A fused product rounds once, numpy's twice.
    np.testing.assert_allclose(y[: 21 * LANES].reshape(21, LANES), expected, rtol=3e-7, atol=1e-6)
    stored = y[21 * LANES : 22 * LANES]
    assert (stored[:3] == a[:3]).all() and (stored[3:] == 7).all()
    np.testing.assert_allclose(y[22 * LANES :], [a.sum(), a.max(), a[0]], rtol=1e-5)
    np.testing.assert_array_equal(codes[LANES:], abs(a).astype(np.uint8))


@kernel
def exponentials(x, y, z):
    for i in range(0, x.size, LANES):
        store(y, i, vexp(load(x, i)))
        store(z, i, vsigmoid(load(x, i)))


def test_exponential_and_sigmoid():
    x = np.linspace(-87.3, 88.7, 16 * 6000).astype(np.float32)
    x[-16:] = [np.nan, np.inf, -np.inf, 0, 88.72, 88.73, -87.3, -200, 300, 1, -1, 2, -2, 0.5, -0.5, 10]
    y, z = np.empty_like(x), np.empty_like(x)
    exponentials(x, y, z)
    with np.errstate(over="ignore"):
        exact = np.exp(x.astype(np.float64))
        rounded = exact.astype(np.float32)
    assert np.isnan(y[-16]) and y[-15] == np.inf and y[-14] == 0 and y[-13] == 1 and y[-11] == np.inf and y[-9] == 0
    normal = np.isfinite(rounded) & (rounded > 1e-37)
    assert (np.abs(y[normal] - exact[normal]) <= 2 * np.spacing(rounded[normal])).all()
    np.testing.assert_allclose(z, 1 / (1 + np.exp(-x.astype(np.float64))), rtol=0, atol=2e-7)


@kernel
def exponentials_of_falls(x, y, z):
    for i in range(0, x.size, LANES):
        store(y, i, vexp(load(x, i)))
        store(z, i, vexp_down(load(x, i)))


def test_the_exponential_of_what_is_not_above_0_has_the_same_bits():
    x = np.linspace(-90, 0, 16 * 6000).astype(np.float32)
    x[:16] = [np.nan, -np.inf, -0.0, 0, -87.33, -87.34, -88, -200, -1e38, -1e-38, -0.5, -1, -2, -10, -87, -0.34657359]
    y, z = np.zeros_like(x), np.ones_like(x)
    exponentials_of_falls(x, y, z)
    np.testing.assert_array_equal(z, y)
    assert np.isnan(z[0])


@kernel
def logarithms(x, y):
    for i in range(0, x.size, LANES):
        store(y, i, vlog1p(load(x, i)))


def test_logarithm_of_one_and_more():
    x = np.concatenate([np.logspace(-30, 8, 16 * 4000), np.linspace(0.3, 2.5, 16 * 500)]).astype(np.float32)
    x[:16] = [0, 1, 3, 1e-8, 1e-7, 2e-7, 0.41421354, 0.41421357, 0.5, 2, 254, 1e-45, 7, 15, 0.1, np.nan]
    y = np.empty_like(x)
    logarithms(x, y)
    exact = np.log1p(x.astype(np.float64))
    assert y[0] == 0 and np.isnan(y[15])
    known = (x >= np.finfo(np.float32).tiny) & ~np.isnan(x)
    assert (np.abs(y[known] - exact[known]) <= 4 * np.spacing(exact[known].astype(np.float32))).all()


def test_a_nan_on_the_left_stays():
    nan = np.full(LANES, np.nan, np.float32)
    one = np.ones(LANES, np.float32)

    @kernel
    def bounds(x, y):
        store(y, 0, vmax(load(x, 0), load(x, LANES)))
        store(y, LANES, vmin(load(x, LANES), load(x, 0)))

    y = np.zeros(2 * LANES, np.float32)
    bounds(np.concatenate([nan, one]), y)
    assert np.isnan(y[:LANES]).all() and (y[LANES:] == 1).all()


def test_plain_vectors_notice_a_wrong_index():
    x = np.zeros(LANES, np.float32)
    for bad in (lambda: plain.load(x, 1), lambda: plain.store(x, -1, x), lambda: plain.splat(x, LANES)):
        with pytest.raises(IndexError, match="outside an array"):
            bad()
    assert (plain.load_first(x, LANES, 0) == 0).all()


@kernel
def turn(x, y):
    t = tile(LANES, 1)
    for i in range(LANES):
        t[i, 0] = load(x, i * LANES)
    transpose(t)
    for i in range(LANES):
        store(y, i * LANES, t[i, 0])


def test_a_square_of_vectors_is_transposed(rng):
    x = rng.standard_normal((LANES, LANES), dtype=np.float32)
    y = np.empty_like(x)
    turn(x.reshape(-1), y.reshape(-1))
    np.testing.assert_array_equal(y, x.T)


@kernel
def deal(x, y):
    a, b = load(x, 0), load(x, LANES)
    store(y, 0, zip_low(a, b))
    store(y, LANES, zip_high(a, b))
    store(y, 2 * LANES, evens(a, b))
    store(y, 3 * LANES, odds(a, b))


def test_two_vectors_are_dealt_out_and_collected():
    x, y = np.arange(2 * LANES, dtype=np.float32), np.zeros(4 * LANES, np.float32)
    deal(x, y)
    np.testing.assert_array_equal(y[: 2 * LANES], x.reshape(2, LANES).T.reshape(-1))
    np.testing.assert_array_equal(y[2 * LANES :], x.reshape(LANES, 2).T.reshape(-1))
