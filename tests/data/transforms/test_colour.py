import math

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.colour import LUMA, colour_jitter, colour_map, mean_pixel


@pytest.fixture
def sample(rng):
    # Far from 0 and 255, so that a small change is cut nowhere.
    return Sample(rng.integers(90, 160, (9, 14, 3), np.uint8), 0)


def drawn(seed: int, amounts: tuple[float, float, float], hue: float) -> tuple[float, ...]:
    rng = np.random.default_rng(seed)
    return *(1 + amount * (2 * rng.random() - 1) for amount in amounts), hue * (2 * rng.random() - 1)


def by_steps(image, brightness, contrast, saturation, turn):
    """The definition, one change after the other in float64: colours, contrast, brightness."""
    y, i, q = np.moveaxis(
        image @ np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]).T, 2, 0
    )
    cosine, sine = math.cos(2 * math.pi * turn), math.sin(2 * math.pi * turn)
    i, q = saturation * (cosine * i - sine * q), saturation * (sine * i + cosine * q)
    back = np.linalg.inv(np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]))
    coloured = np.stack([y, i, q], axis=2) @ back.T
    contrasted = contrast * coloured + (1 - contrast) * (image @ np.array([0.299, 0.587, 0.114])).mean()
    return brightness * contrasted


@pytest.mark.parametrize(("amounts", "hue"), [((0.2, 0, 0), 0), ((0, 0.2, 0), 0), ((0, 0, 0.5), 0), ((0, 0, 0), 0.3)])
def test_each_change_and_no_other_is_its_definition(amounts, hue, sample):
    for seed in range(10):
        expected = np.clip(by_steps(sample.image.astype(float), *drawn(seed, amounts, hue)), 0, 255)
        image = colour_jitter(sample, np.random.default_rng(seed), *amounts, hue=hue).image
        # Rounded to the nearest level, a hair of float32 beside it.
        assert np.abs(image - expected).max() < 0.501


def test_all_changes_together_are_one_after_the_other(sample):
    amounts, hue = (0.1, 0.1, 0.2), 0.1
    for seed in range(10):
        expected = np.clip(by_steps(sample.image.astype(float), *drawn(seed, amounts, hue)), 0, 255)
        image = colour_jitter(sample, np.random.default_rng(seed), *amounts, hue=hue).image
        assert np.abs(image - expected).max() < 0.501


def test_grey_images_change_in_brightness_and_contrast_alone(rng):
    image = rng.integers(90, 160, (9, 14, 1), np.uint8)
    for seed in range(10):
        b, c, _, _ = drawn(seed, (0.2, 0.2, 0.9), 0.5)
        expected = b * (c * image.astype(float) + (1 - c) * image.mean())
        changed = colour_jitter(Sample(image, 0), np.random.default_rng(seed), 0.2, 0.2, 0.9, 0.5).image
        assert np.abs(changed - expected).max() < 0.501


def test_without_ranges_nothing_is_changed(sample, rng):
    np.testing.assert_array_equal(colour_jitter(sample, rng, 0, 0, 0, 0).image, sample.image)


def test_extremes_are_cut_and_do_not_wrap_around(rng):
    image = np.stack([np.full((6, 6), 0), np.full((6, 6), 255), rng.integers(0, 256, (6, 6))], 2).astype(np.uint8)
    for seed in range(20):
        expected = by_steps(image.astype(float), *drawn(seed, (0.9, 0.9, 0.9), 0.5))
        changed = colour_jitter(Sample(image, 0), np.random.default_rng(seed), 0.9, 0.9, 0.9, 0.5).image
        assert np.abs(changed - np.clip(expected, 0, 255)).max() < 0.501


def test_a_colour_map_keeps_the_luma_and_a_full_turn_the_colour(rng):
    pixel = rng.random(3)
    for saturation, turn in [(0.3, 0.4), (2.0, -1.0), (0.0, 0.0)]:
        # The inverse of a matrix of three digits is exact to the rounding of float64.
        assert LUMA @ colour_map(saturation, turn) @ pixel == pytest.approx(LUMA @ pixel, abs=1e-12)
    np.testing.assert_allclose(colour_map(1.0, 2 * math.pi), np.eye(3), atol=1e-12)
    # No colour at all is grey, as far as three digits make the rows of colour sum to 0.
    assert np.ptp(colour_map(0.0, 0.0) @ pixel) < 1e-12


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 7, 3), (300, 2, 3)])
def test_the_mean_pixel_is_exact(shape, rng):
    image = rng.integers(0, 256, shape, np.uint8)
    for view in (image, image[:, ::-1], image[::-1]):
        np.testing.assert_allclose(mean_pixel(view), image.mean(axis=(0, 1)), rtol=1e-12)


def test_luma_is_that_of_pillow(rng):
    """Rec. 601: Pillow turns colours into grey by the same weights."""
    image = rng.integers(0, 256, (8, 8, 3), np.uint8)
    assert np.abs(np.array(Image.fromarray(image).convert("L")) - image @ LUMA).max() <= 1
