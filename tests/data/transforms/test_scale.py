import math

import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.transforms import scale
from cnnkit.data.transforms.scale import random_resized_crop, resampled, resize


@pytest.fixture
def boxes(monkeypatch):
    """What random_resized_crop cuts out, noted in place of the cutting."""
    noted: list[tuple[float, float, float, float]] = []

    def note(image, box, size):
        noted.append(box)
        return image

    monkeypatch.setattr(scale, "resampled", note)
    return noted


def blank(H: int, W: int) -> Sample:
    return Sample(np.zeros((H, W, 3), np.uint8), 0)


def test_resizing_halves_by_means_of_pairs():
    """Antialiased: a triangle of two input pixels a side, so an even ramp keeps its slope away from the borders."""
    ramp = np.repeat(np.arange(0, 256, 4, np.uint8)[None, :, None], 8, axis=0)
    image = resize(Sample(ramp, 0), np.random.default_rng(0), (4, 32)).image
    assert image.shape == (4, 32, 1)
    expected = np.arange(32) * 8 + 2
    # Rounding to whole levels, in each of two passes.
    assert np.abs(image[:, 2:-2, 0].astype(int) - expected[2:-2]).max() <= 1


@pytest.mark.parametrize("C", [1, 3])
def test_the_whole_image_at_its_own_size_is_the_image(C, rng):
    image = rng.integers(0, 256, (9, 13, C), np.uint8)
    np.testing.assert_array_equal(resampled(image, (0, 0, 13, 9), (9, 13)), image)
    np.testing.assert_array_equal(random_resized_crop(Sample(image, 0), rng, (1, 1), (1, 1)).image, image)


def test_a_box_of_whole_pixels_is_cut_out(rng):
    image = rng.integers(0, 256, (9, 13, 3), np.uint8)
    np.testing.assert_array_equal(resampled(image, (2, 1, 7, 5), (4, 5)), image[1:5, 2:7])


@pytest.mark.parametrize(("H", "W"), [(100, 100), (60, 150)])
def test_cuts_lie_within_the_image_and_their_ranges(H, W, rng, boxes):
    for _ in range(500):
        random_resized_crop(blank(H, W), rng, scale=(0.2, 0.7), ratio=(0.5, 2.0))
    x_min, y_min, x_max, y_max = np.array(boxes).T
    assert min(x_min.min(), y_min.min()) >= 0 and x_max.max() <= W and y_max.max() <= H
    share = (x_max - x_min) * (y_max - y_min) / (H * W)
    ratio = (x_max - x_min) / (y_max - y_min) / (W / H)
    # Products of a few float64 numbers.
    assert share.min() > 0.2 - 1e-9 and share.max() < 0.7 + 1e-9
    assert ratio.min() > 0.5 - 1e-9 and ratio.max() < 2 + 1e-9


def test_areas_ratios_and_places_are_evenly_drawn(rng, boxes):
    """Of shares up to 0.4 with ratios up to 3/2 every rectangle fits, so no draw is thrown away."""
    n = 4000
    for _ in range(n):
        random_resized_crop(blank(100, 100), rng, scale=(0.1, 0.4), ratio=(2 / 3, 3 / 2))
    assert len(boxes) == n
    x_min, y_min, x_max, y_max = np.array(boxes).T
    width, height = x_max - x_min, y_max - y_min
    draws = {
        "area": (width * height / 1e4 - 0.1) / 0.3,
        "ratio": (np.log(width / height) / math.log(1.5) + 1) / 2,
        "left": x_min / (100 - width),
        "top": y_min / (100 - height),
    }
    for name, draw in draws.items():
        # Kolmogorov and Smirnov's distance to even; above 1.95 / √n about once in a thousand.
        distance = np.abs(np.sort(draw) - (np.arange(n) + 0.5) / n).max()
        assert distance < 1.95 / n**0.5, name


def test_where_no_rectangle_fits_the_image_stays_whole(rng, boxes):
    sample = blank(10, 10)
    assert random_resized_crop(sample, rng, scale=(1, 1), ratio=(2, 2)) is sample and not boxes
