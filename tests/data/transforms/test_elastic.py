import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.targets import VOID, Mask
from cnnkit.data.transforms.elastic import bicubic, elastic


def cubic(d):
    """Keys's kernel with a = -1/2, as the paper writes it."""
    d = abs(d)
    if d < 1:
        return 1.5 * d**3 - 2.5 * d**2 + 1
    return -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2 if d < 2 else 0.0


def displacement(moves, y, x, H, W):
    """The paper's field at a place: bicubic between a coarse net of vectors, whose border repeats."""
    k = len(moves)
    at_y, at_x = y / H * (k - 1), x / W * (k - 1)
    return sum(
        cubic(at_y - i) * cubic(at_x - j) * moves[min(max(i, 0), k - 1), min(max(j, 0), k - 1)]
        for i in range(-2, k + 2)
        for j in range(-2, k + 2)
    )


def test_places_are_those_of_the_papers_field(monkeypatch):
    H, W, seen, off = 128, 100, [], []
    monkeypatch.setattr(Sample, "moved", lambda self, image, warp: seen.append(warp) or self)
    elastic(Sample(np.zeros((H, W, 1), np.uint8), 0), np.random.default_rng(4), share=0.05)
    moves = np.random.default_rng(4).standard_normal((2, 3, 3)) * 5
    points = np.random.default_rng(5).uniform(0, [W, H], (50, 2))
    for (x, y), back in zip(points, seen[0].back(points), strict=True):
        exact = np.array([x + displacement(moves[0], y, x, H, W), y + displacement(moves[1], y, x, H, W)])
        off.append(np.abs(back - exact).max() / 5)
    # A chord of a cubic whose second derivative is up to 5, a fifth of a step long, strays by 5 / 8 · (1 / 5)² of each
    # of the vectors around, 0.025; these are several, and up to two deviations long.
    assert max(off) < 0.125 and np.mean(off) < 0.04


def test_weights_of_knots_sum_to_one_and_knots_keep_their_own():
    np.testing.assert_allclose(bicubic(np.linspace(0, 1, 33), 4).sum(axis=1), 1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(bicubic([0, 0.25, 0.5, 0.75, 1], 5), np.eye(5), rtol=0, atol=1e-12)


def test_without_a_deviation_nothing_moves(rng):
    image = rng.integers(0, 256, (37, 20, 3), np.uint8)
    labels = rng.integers(0, 5, (37, 20), np.uint8)
    new = elastic(Sample(image, Mask(labels)), rng, share=0.0)
    np.testing.assert_array_equal(new.image, image)
    np.testing.assert_array_equal(new.target.labels, labels)


@pytest.mark.parametrize("size", [(256, 256), (180, 240), (64, 200)])
def test_points_move_by_so_much_of_the_side_as_is_asked(size, rng):
    """Red and green tell where each pixel comes from."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.uint8)
    sample, moves = Sample(np.stack([y, x, 0 * y], axis=2), Mask(np.zeros(size, np.uint8))), []
    for _ in range(40):
        new = elastic(sample, rng)
        inside = new.target.labels != VOID
        moves.append((new.image[..., 0].astype(float) - y)[inside].std())
        assert inside.mean() > 0.7
    # The deviation within an image, with its mean move taken off, is somewhat below that of the knots.
    share = np.mean(moves) / min(size) * 51.2
    assert 0.4 < share < 1.1
