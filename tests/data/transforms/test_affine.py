import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.affine import affine, rotate_scale_shear, with_room


@pytest.fixture
def sample(rng):
    return Sample(rng.integers(0, 256, (28, 28, 1), np.uint8), 3)


def test_the_identity_map_returns_the_image(sample):
    np.testing.assert_array_equal(affine(sample.image, (1, 0, 0, 1)), sample.image)


def test_a_quarter_turn_turns(sample):
    np.testing.assert_array_equal(affine(sample.image, (0, 1, -1, 0)), np.rot90(sample.image, -1))


def test_without_ranges_nothing_is_changed(sample, rng):
    np.testing.assert_array_equal(rotate_scale_shear(sample, rng, 0, 0, 0).image, sample.image)


def test_the_middle_stays_where_it_is(rng):
    """A bright square about the centre keeps its centre of mass: turn, size and slant are about the centre."""
    image = np.zeros((41, 41, 1), np.uint8)
    image[15:26, 15:26] = 200
    for _ in range(50):
        turned = rotate_scale_shear(Sample(image, 0), rng).image[:, :, 0].astype(float)
        places = np.arange(41)
        # Rounding of the levels on the rim, a hundredth of its 44 pixels of 121.
        assert (turned.sum(0) @ places) / turned.sum() == pytest.approx(20, abs=0.05)
        assert (turned.sum(1) @ places) / turned.sum() == pytest.approx(20, abs=0.05)


@pytest.mark.parametrize("side", [1, 3, 7])
def test_room_is_the_border_again_or_the_image_mirrored(side, rng):
    image = rng.integers(0, 256, (side, 4, 3), np.uint8)
    for mirrored, mode in ((False, "edge"), (True, "symmetric")):
        expected = np.pad(image, ((10, 10), (5, 5), (0, 0)), mode=mode)
        np.testing.assert_array_equal(with_room(image, (10, 5), mirrored), expected)
