import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.affine import affine
from cnnkit.data.transforms.compose import SIGNS, augmentation, transform
from cnnkit.data.transforms.crop import padded_random_crop, shift, shifted
from cnnkit.data.transforms.erase import erase
from cnnkit.data.transforms.flip import alternating_flip


@pytest.fixture
def sample(rng):
    return Sample(rng.integers(0, 256, (28, 28, 1), np.uint8), 3)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("level", SIGNS)
@pytest.mark.parametrize("shape", [(28, 28, 1), (9, 17, 3), (1, 1, 1)])
def test_transforms_are_pure_and_keep_shape_and_label(level, mirror, shape, rng):
    image = rng.integers(0, 256, shape, np.uint8)
    sample, before = Sample(image, 3), image.copy()
    for seed in range(5):
        steps = augmentation(level, mirror=mirror, image_size=shape[:2])
        results = [transform(sample, steps, np.random.default_rng(seed)) for _ in range(2)]
        np.testing.assert_array_equal(results[0].image, results[1].image)
        assert results[0].image.shape == shape and results[0].image.dtype == np.uint8 and results[0].label == 3
    np.testing.assert_array_equal(image, before)


def test_digits_are_never_mirrored():
    def level(name, mirror):
        return augmentation(name, mirror=mirror, image_size=(28, 28))

    assert alternating_flip not in level("strong", mirror=False)
    assert alternating_flip in level("light", mirror=True) and not level("none", mirror=True)


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


def test_an_alternating_flip_mirrors_every_other_turn(sample, rng):
    shown = [alternating_flip(sample.replace(turn=turn), rng).image for turn in range(4)]
    for turn, image in enumerate(shown):
        np.testing.assert_array_equal(image, sample.image[:, ::-1] if turn % 2 else sample.image)


def test_padded_crops_reach_four_pixels_of_32_in_all_directions_and_mirror_the_border(rng):
    sample = Sample(rng.integers(0, 256, (32, 32, 3), np.uint8), 0)
    padded = np.pad(sample.image, ((4, 4), (4, 4), (0, 0)), "reflect")
    expected = {padded[y : y + 32, x : x + 32].tobytes() for y in range(9) for x in range(9)}
    assert {padded_random_crop(sample, rng).image.tobytes() for _ in range(1500)} == expected


def test_erasing_leaves_most_of_the_image(sample):
    rng = np.random.default_rng(0)
    for _ in range(200):
        changed = np.mean(erase(sample, rng, p=1.0).image != sample.image)
        # The sides are rounded to whole pixels.
        assert changed < 0.2
