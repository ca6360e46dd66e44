from collections import Counter

import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.crop import centre_crop, padded_random_crop, shift, shifted
from cnnkit.errors import ShapeError


@pytest.fixture
def sample(rng):
    return Sample(rng.integers(0, 256, (28, 28, 1), np.uint8), 3)


def assert_even(counts: Counter[bytes], n: int) -> None:
    """Each of the k kinds about n / k times: five standard deviations of a binomial count."""
    k = len(counts)
    most = 5 * (n / k * (1 - 1 / k)) ** 0.5
    assert all(abs(count - n / k) < most for count in counts.values())


@pytest.mark.parametrize(("dy", "dx"), [(0, 0), (2, -1), (-2, 2)])
def test_a_shift_moves_every_pixel(dy, dx, sample):
    moved = shifted(sample.image, dy, dx)
    inner = slice(3, 25)
    expected = np.roll(sample.image, (dy, dx), (0, 1))[inner, inner]
    np.testing.assert_array_equal(moved[inner, inner], expected)


def test_shifts_of_a_digit_reach_two_pixels_in_all_directions_alike(sample, rng):
    n = 4000
    counts = Counter(shift(sample, rng).image.tobytes() for _ in range(n))
    assert counts.keys() == {shifted(sample.image, y, x).tobytes() for y in range(-2, 3) for x in range(-2, 3)}
    assert_even(counts, n)


def test_padded_crops_reach_four_pixels_of_32_in_all_directions_alike_and_mirror_the_border(rng):
    sample, n = Sample(rng.integers(0, 256, (32, 32, 3), np.uint8), 0), 6000
    padded = np.pad(sample.image, ((4, 4), (4, 4), (0, 0)), "reflect")
    counts = Counter(padded_random_crop(sample, rng).image.tobytes() for _ in range(n))
    assert counts.keys() == {padded[y : y + 32, x : x + 32].tobytes() for y in range(9) for x in range(9)}
    assert_even(counts, n)


def test_a_padding_wider_than_the_image(rng):
    sample = Sample(rng.integers(0, 256, (3, 2, 1), np.uint8), 0)
    padded = np.pad(sample.image, ((2, 2), (1, 1), (0, 0)), "reflect")
    expected = {padded[y : y + 3, x : x + 2].tobytes() for y in range(5) for x in range(3)}
    assert {padded_random_crop(sample, rng, share=5).image.tobytes() for _ in range(400)} == expected


@pytest.mark.parametrize(("size", "top", "left"), [((28, 28), 0, 0), ((1, 1), 13, 13), ((27, 20), 0, 4)])
def test_a_centre_crop_leaves_the_smaller_half_of_an_odd_rest_above(size, top, left, sample, rng):
    expected = sample.image[top : top + size[0], left : left + size[1]]
    np.testing.assert_array_equal(centre_crop(sample, rng, size).image, expected)


@pytest.mark.parametrize("size", [(29, 3), (3, 29), (0, 3)])
def test_a_centre_crop_that_does_not_fit_is_refused(size, sample, rng):
    with pytest.raises(ShapeError, match=rf"A crop of {size[0]}x{size[1]} does not fit into an image of 28x28"):
        centre_crop(sample, rng, size)
