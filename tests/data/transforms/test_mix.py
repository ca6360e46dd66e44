"""mixup and cutmix against plain loops, and the distributions of what they draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnkit.data.transforms.mix import cutmix, cutmix_box, mix, mixup
from cnnkit.kernels.cpu.machine import buffers

N, H, W, C = 6, 8, 10, 3


@pytest.fixture
def x(rng):
    return rng.standard_normal((N, H, W, C), np.float32)


def mixup_in_loops(x, partners, share):
    y = np.zeros(x.shape)
    for n, iy, ix, c in np.ndindex(*x.shape):
        y[n, iy, ix, c] = share * float(x[n, iy, ix, c]) + (1 - share) * float(x[partners[n], iy, ix, c])
    return y


def cutmix_in_loops(x, partners, box):
    top, bottom, left, right = box
    y = np.zeros(x.shape, np.float32)
    for n, iy, ix, c in np.ndindex(*x.shape):
        is_pasted = top <= iy < bottom and left <= ix < right
        y[n, iy, ix, c] = x[partners[n] if is_pasted else n, iy, ix, c]
    return y


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_mixup_is_its_definition(x, rng, share):
    partners, before = rng.permutation(N), x.copy()
    y = mixup(x, partners, share)
    # Two products and a sum of float32 numbers of size 4.
    np.testing.assert_allclose(y, mixup_in_loops(x, partners, share), rtol=0, atol=4 * 3 * 2**-24)
    np.testing.assert_array_equal(x, before)
    assert y.dtype == np.float32 and buffers.is_aligned(y) and not np.shares_memory(x, y)
    if share in (0, 1):
        np.testing.assert_array_equal(y, x if share else x[partners])


@pytest.mark.parametrize("box", [(0, H, 0, W), (0, 0, 0, 0), (2, 5, 0, 3), (7, 8, 9, 10)])
def test_cutmix_is_its_definition(x, rng, box):
    partners, before = rng.permutation(N), x.copy()
    y = cutmix(x, partners, box)
    np.testing.assert_array_equal(y, cutmix_in_loops(x, partners, box))
    np.testing.assert_array_equal(x, before)
    assert y.dtype == np.float32 and buffers.is_aligned(y) and not np.shares_memory(x, y)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(0, 1), st.integers(0, 2**32))
def test_a_box_lies_within_the_image_and_is_no_larger_than_its_share(H, W, share, seed):
    top, bottom, left, right = cutmix_box((H, W), np.random.default_rng(seed), share)
    assert 0 <= top <= bottom <= H and 0 <= left <= right <= W
    # A hair of float64 for the square root of the share.
    assert (bottom - top) * (right - left) <= (1 - share) * H * W + 1e-9


def test_a_box_is_shaped_like_the_image_and_lies_around_any_pixel(rng):
    seen = {cutmix_box((40, 60), rng, 0.75) for _ in range(40_000)}
    whole = [box for box in seen if box[0] > 0 and box[1] < 40 and box[2] > 0 and box[3] < 60]
    assert {(bottom - top, right - left) for top, bottom, left, right in whole} == {(20, 30)}
    # 40 · 60 centres, each seen about 17 times; that one is missed has odds of 1 in 7,000.
    assert len(seen) == 40 * 60


@given(st.integers(1, 9), st.integers(0, 2**32), st.sampled_from([(0.2, 0.0), (0.0, 1.0), (0.4, 0.4)]))
def test_a_mixed_batch_is_what_it_says(n, seed, alphas):
    x = np.random.default_rng(seed).standard_normal((n, 5, 6, 2)).astype(np.float32)
    y, partners, share = mix(x, np.random.default_rng(seed), mixup_alpha=alphas[0], cutmix_alpha=alphas[1])
    assert sorted(partners.tolist()) == list(range(n)) and 0 <= share <= 1
    again = mix(x, np.random.default_rng(seed), mixup_alpha=alphas[0], cutmix_alpha=alphas[1])
    np.testing.assert_array_equal(y, again[0])
    assert share == again[2]
    pasted = y == x[partners]
    own = y == x
    if alphas[0] == 0:
        assert (pasted | own).all() and 0 <= round(share * 30, 9) == round(round(share * 30, 9))
    if alphas[1] == 0:
        np.testing.assert_allclose(y, mixup_in_loops(x, partners, share), rtol=0, atol=6 * 3 * 2**-24)


def shares(n, **alphas):
    x = np.zeros((2, 32, 32, 1), np.float32)
    return np.array([mix(x, np.random.default_rng(seed), **alphas)[2] for seed in range(n)])


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_shares_of_mixup_are_of_the_beta_distribution(alpha):
    n = 3000
    drawn = shares(n, mixup_alpha=alpha)
    # Mean 1/2, variance 1 / (4 (2 alpha + 1)): five standard errors.
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(drawn.mean() - 0.5) < 5 * (variance / n) ** 0.5
    # The square of the distance from 1/2 lies between 0 and 1/4, so its deviation is at most 1/8.
    assert abs(((drawn - 0.5) ** 2).mean() - variance) < 5 / 8 / n**0.5


def test_of_both_methods_one_is_drawn_fairly(x):
    n, pasted = 2000, 0
    for seed in range(n):
        y, partners, _ = mix(x, np.random.default_rng(seed), mixup_alpha=5.0, cutmix_alpha=5.0)
        # With alpha 5 a share of 0 or 1 does not come, so mixup leaves no pixel of its own.
        is_pasted = np.isin(y[0], x[[0, partners[0]]]).all()
        pasted += bool(is_pasted) if partners[0] else 0
    # Where the first image is its own partner, one time in six, nothing can be told. Five standard deviations.
    p = 5 / 12
    assert abs(pasted - n * p) < 5 * (n * p * (1 - p)) ** 0.5


def test_every_image_has_any_partner(rng):
    n = 3000
    x = np.zeros((4, 1, 1, 1), np.float32)
    counts = np.zeros((4, 4))
    for _ in range(n):
        counts[np.arange(4), mix(x, rng, mixup_alpha=1.0)[1]] += 1
    # Each pair one time in four: five standard deviations of a binomial count.
    assert np.abs(counts - n / 4).max() < 5 * (n * 0.25 * 0.75) ** 0.5


def test_an_empty_batch_is_mixed_with_nothing(rng):
    for alphas in ({"mixup_alpha": 1.0}, {"cutmix_alpha": 1.0}):
        y, partners, _ = mix(np.zeros((0, 4, 4, 1), np.float32), rng, **alphas)
        assert y.shape == (0, 4, 4, 1) and partners.shape == (0,)
