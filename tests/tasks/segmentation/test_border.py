import numpy as np
import pytest

from cnnkit.data.targets import VOID
from cnnkit.tasks.segmentation.border import REACH, border_weights, things


def by_the_formula(labels, w0, sigma, background):
    """Equation 2 pixel by pixel: the distance to each thing, of which the two smallest count."""
    numbers, pixels, weights = things(labels, background), np.argwhere(labels == background), np.zeros(labels.shape)
    each = (np.argwhere(numbers == number) for number in range(1, numbers.max() + 1))
    distances = np.sort([np.sqrt(((pixels[:, None] - thing) ** 2).sum(axis=2)).min(axis=1) for thing in each], axis=0)
    if len(distances) > 1:
        d1, d2 = distances[:2]
        weights[labels == background] = np.where(
            d2 <= REACH * sigma, w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2)), 0
        )
    return weights


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
@pytest.mark.parametrize(("w0", "sigma", "background"), [(10.0, 5.0, 0), (3.0, 1.5, 2)])
def test_weights_are_those_of_the_papers_formula(share, w0, sigma, background, rng):
    for size in ((40, 31), (1, 25), (17, 60)):
        labels = np.full(size, background, np.uint8)
        labels[rng.random(size) < share] = 1
        labels[rng.random(size) < share / 4] = VOID
        labels[rng.random(size) < share / 2] = 3
        found = border_weights(labels, w0=w0, sigma=sigma, background=background)
        assert found.dtype == np.float32
        # float32 at the end of float64.
        np.testing.assert_allclose(found, by_the_formula(labels, w0, sigma, background), rtol=1e-6, atol=1e-7)


def test_a_thing_behind_a_thin_one_is_seen_through_it():
    """The second nearest lies in the same column behind the nearest, which hides it from a plain look upwards."""
    labels = np.zeros((9, 3), np.uint8)
    labels[5], labels[3] = 1, 1
    np.testing.assert_allclose(border_weights(labels), by_the_formula(labels, 10.0, 5.0, 0), rtol=1e-6)
    assert border_weights(labels)[8, 0] > 0


def test_narrow_gaps_count_most_and_a_thing_alone_has_none():
    labels = np.zeros((21, 60), np.uint8)
    labels[:, :20] = 1
    assert not border_weights(labels).any()
    labels[:, 22:40] = 1
    labels[:, 46:] = 1
    weights = border_weights(labels)
    # In a gap of two pixels, d1 + d2 = 3; in one of six, 7.
    assert weights[10, 20] == pytest.approx(10 * np.exp(-9 / 50)) == weights[10, 21]
    assert weights[10, 42] == pytest.approx(10 * np.exp(-49 / 50))
    assert not weights[labels == 1].any()


def test_pieces_that_touch_at_a_corner_are_two_things():
    labels = np.zeros((4, 4), np.uint8)
    labels[:2, :2] = labels[2:, 2:] = 1
    assert sorted(np.unique(things(labels, 0)).tolist()) == [0, 1, 2]
    labels[:2, 2:] = 3
    assert things(labels, 0).max() == 3


def test_a_mask_of_one_kind_has_no_borders():
    for label in (0, 1, VOID):
        assert not border_weights(np.full((5, 6), label, np.uint8)).any()
