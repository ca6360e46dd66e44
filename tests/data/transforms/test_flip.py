import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.flip import alternating_flip, horizontal_flip, vertical_flip


@pytest.fixture
def sample(rng):
    return Sample(rng.integers(0, 256, (7, 5, 3), np.uint8), 3)


def test_an_alternating_flip_mirrors_every_other_turn(sample, rng):
    shown = [alternating_flip(sample.replace(turn=turn), rng).image for turn in range(4)]
    for turn, image in enumerate(shown):
        np.testing.assert_array_equal(image, sample.image[:, ::-1] if turn % 2 else sample.image)


@pytest.mark.parametrize(
    ("flip", "mirrored"), [(horizontal_flip, lambda i: i[:, ::-1]), (vertical_flip, lambda i: i[::-1])]
)
def test_a_flip_comes_with_its_probability(flip, mirrored, sample, rng):
    n, flipped = 2000, 0
    for _ in range(n):
        image = flip(sample, rng, p=0.3).image
        is_flipped = np.array_equal(image, mirrored(sample.image))
        assert is_flipped or np.array_equal(image, sample.image)
        flipped += is_flipped
    # A binomial count: five standard deviations.
    assert abs(flipped - 0.3 * n) < 5 * (n * 0.3 * 0.7) ** 0.5


@pytest.mark.parametrize("flip", [horizontal_flip, vertical_flip])
def test_a_flip_may_be_certain_or_impossible(flip, sample, rng):
    for _ in range(50):
        assert flip(sample, rng, p=0.0) is sample
        np.testing.assert_array_equal(flip(flip(sample, rng, p=1.0), rng, p=1.0).image, sample.image)
