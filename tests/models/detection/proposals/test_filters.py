"""Gaussian filters on pictures whose slopes are known."""

import numpy as np
import pytest

from cnnkit.models.detection.proposals.filters import ORIENTATIONS, TEXTURE_BINS, smoothed, textures


def test_a_plain_picture_stays_plain():
    np.testing.assert_allclose(smoothed(np.full((6, 5, 2), 97, np.float32), 0.8), 97, rtol=1e-6)


def test_smoothing_is_the_gaussian_written_out(rng):
    x, sigma = rng.uniform(0, 255, (17, 19, 1)).astype(np.float32), 0.8
    y, u = np.mgrid[-4:5, -4:5]
    weights = np.exp(-(y**2 + u**2) / (2 * sigma**2))
    window = x[4:13, 5:14, 0]
    assert smoothed(x, sigma)[8, 9, 0] == pytest.approx((weights / weights.sum() * window).sum(), rel=1e-5)


@pytest.mark.parametrize(("direction", "down", "right"), [(0, 0, 1), (1, 1, 1), (2, 1, 0), (4, 0, -1), (7, -1, 1)])
def test_a_ramp_rises_towards_its_direction_and_falls_towards_the_opposite(direction, down, right):
    """20 levels a pixel: a fifth of the steepest (101.7), bin 1; less by the cosine in the directions beside it."""
    y, x = np.mgrid[0:15, 0:15] - 7.0
    ramp = 20 * (down * y + right * x) / np.hypot(down, right)
    found = textures(ramp[..., None].astype(np.float32))[7, 7]
    assert found[direction] == 1 and found[(direction + 4) % ORIENTATIONS] == 0
    assert found.shape == (ORIENTATIONS,)


def test_the_highest_step_is_in_the_last_bin_and_a_plain_picture_in_the_first():
    step = np.zeros((11, 12, 1), np.float32)
    step[:, 6:] = 255
    found = textures(step)
    assert found[5, 5:7, 0].max() == TEXTURE_BINS - 1
    assert found[:, :2].max() == 0 and found.dtype == np.uint8
    thin = np.zeros((11, 12, 1), np.float32)
    thin[:, 6:] = 600  # beyond the range of colours: no bin beyond the last
    assert textures(thin).max() == TEXTURE_BINS - 1
