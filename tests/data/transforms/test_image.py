import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.compose import LEVELS, augmentation, transform
from cnnkit.data.transforms.image import affine, erase, horizontal_flip, shift, shifted


@pytest.fixture
def sample(rng):
    return Sample(rng.integers(0, 256, (28, 28, 1), np.uint8), 3)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (9, 17, 3), (1, 1, 1)])
def test_transforms_are_pure_and_keep_shape_and_label(level, mirror, shape, rng):
    image = rng.integers(0, 256, shape, np.uint8)
    sample, before = Sample(image, 3), image.copy()
    for seed in range(5):
        steps = augmentation(level, mirror=mirror)
        results = [transform(sample, steps, np.random.default_rng(seed)) for _ in range(2)]
        np.testing.assert_array_equal(results[0].image, results[1].image)
        assert results[0].image.shape == shape and results[0].image.dtype == np.uint8 and results[0].label == 3
    np.testing.assert_array_equal(image, before)


def test_digits_are_never_mirrored():
    assert horizontal_flip not in augmentation("strong", mirror=False)
    assert horizontal_flip in augmentation("light", mirror=True) and not augmentation("none", mirror=True)


@pytest.mark.parametrize(("dy", "dx"), [(0, 0), (2, -1), (-2, 2)])
def test_a_shift_moves_every_pixel(dy, dx, sample):
    moved = shifted(sample.image, dy, dx)
    inner = slice(3, 25)
    expected = np.roll(sample.image, (dy, dx), (0, 1))[inner, inner]
    np.testing.assert_array_equal(moved[inner, inner], expected)


def test_shifts_of_a_digit_reach_two_pixels_in_all_directions(sample):
    rng = np.random.default_rng(0)
    images = {shift(sample, rng).image.tobytes() for _ in range(600)}
    assert images == {shifted(sample.image, dy, dx).tobytes() for dy in range(-2, 3) for dx in range(-2, 3)}


def test_the_identity_map_returns_the_image(sample):
    np.testing.assert_array_equal(affine(sample.image, (1, 0, 0, 1)), sample.image)


def test_a_quarter_turn_turns(sample):
    np.testing.assert_array_equal(affine(sample.image, (0, 1, -1, 0)), np.rot90(sample.image, -1))


def test_a_flip_mirrors_half_of_the_time(sample):
    rng = np.random.default_rng(0)
    flipped = sum(horizontal_flip(sample, rng) is not sample for _ in range(1000))
    # 1,000 fair coins: five deviations of 16 to each side.
    assert 420 < flipped < 580


def test_erasing_leaves_most_of_the_image(sample):
    rng = np.random.default_rng(0)
    for _ in range(200):
        changed = np.mean(erase(sample, rng, p=1.0).image != sample.image)
        # The sides are rounded to whole pixels.
        assert changed < 0.2
