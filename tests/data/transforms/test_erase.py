import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.transforms.erase import cutout, erase


@pytest.fixture
def sample(rng):
    # No pixel has the mean of the image, so that a hole is told from what was there.
    return Sample(rng.choice(np.array([0, 255], np.uint8), (28, 28, 1)), 3)


def hole(changed: np.ndarray, image: np.ndarray) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of what was changed, which must be one rectangle of the mean."""
    where = (changed != image).any(axis=2)
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    assert where[top:bottom, left:right].all()
    assert (changed[top:bottom, left:right] == int(image.mean())).all()
    return top, bottom, left, right


def test_erasing_leaves_most_of_the_image(sample, rng):
    for _ in range(200):
        top, bottom, left, right = hole(erase(sample, rng, p=1.0).image, sample.image)
        # 0.15 of the area; the sides are rounded to whole pixels.
        assert (bottom - top) * (right - left) / 28**2 < 0.2


def test_erasing_comes_with_its_probability(sample, rng):
    n = 2000
    erased = sum(erase(sample, rng, p=0.3) is not sample for _ in range(n))
    # A binomial count: five standard deviations.
    assert abs(erased - 0.3 * n) < 5 * (n * 0.3 * 0.7) ** 0.5


def test_a_cutout_is_a_square_around_any_pixel(sample, rng):
    """Of 7 pixels of 28: whole within the image, cut off at its border, never larger."""
    seen = {hole(cutout(sample, rng, share=1 / 4).image, sample.image) for _ in range(9000)}
    tops, bottoms = {top for top, *_ in seen}, {bottom for _, bottom, *_ in seen}
    assert tops == set(range(25)) and bottoms == set(range(4, 29))
    assert len(seen) == 28 * 28
    for top, bottom, left, right in seen:
        assert bottom - top == 7 or top == 0 or bottom == 28
        assert right - left == 7 or left == 0 or right == 28
