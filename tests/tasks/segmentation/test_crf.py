"""The fully connected CRF: labels that follow the edges of a picture."""

import numpy as np
import pytest
from elsewhere import elsewhere

from cnnkit import kernels
from cnnkit.errors import ShapeError, UsageError
from cnnkit.tasks.segmentation import crf as crf_module
from cnnkit.tasks.segmentation.crf import DenseCRF, refine


def picture_and_labels(rng, size, classes, noise):
    """Discs of one colour each, on ground of another."""
    H, W = size
    y, x = np.indices(size)
    labels = np.zeros(size, np.uint8)
    for label in range(1, classes):
        row, column, radius = rng.uniform(0, H), rng.uniform(0, W), rng.uniform(0.15, 0.35) * min(size)
        labels[(y - row) ** 2 + (x - column) ** 2 < radius**2] = label
    colours = rng.uniform(20, 235, (classes, 3))[labels] + noise * rng.standard_normal((H, W, 3))
    return np.clip(colours, 0, 255).astype(np.uint8), labels


def coarse_logits(rng, labels, classes, block=4):
    """What a network with a stride knows: the labels in blocks, and uncertain."""
    H, W = labels.shape
    seen = labels[::block, ::block].repeat(block, 0).repeat(block, 1)[:H, :W]
    return (2 * np.eye(classes)[seen] + 0.5 * rng.standard_normal((H, W, classes))).astype(np.float32)


@pytest.mark.parametrize(
    ("size", "classes", "crf"),
    [
        ((24, 32), 3, DenseCRF(alpha=10, beta=20)),
        ((30, 40), 4, DenseCRF()),
        ((30, 40), 2, DenseCRF(alpha=20, beta=10, w2=0)),
        ((30, 40), 21, DenseCRF(alpha=20, beta=5, iterations=4)),
    ],
)
def test_the_lattice_answers_as_the_formula_computed_densely(size, classes, crf, rng):
    """Messages err by hundredths, so only pixels that waver between two labels may come out otherwise.

    Found: at least 99.5 % of the labels equal, scores 0.003 apart in the mean.
    """
    picture, labels = picture_and_labels(rng, size, classes, noise=6)
    logits = coarse_logits(rng, labels, classes)
    fast = refine(logits, picture, crf)
    with kernels.use(backend="reference"):
        dense = refine(logits, picture, crf)
    assert fast.shape == dense.shape == (*size, classes) and fast.dtype == np.float32
    np.testing.assert_allclose(fast.sum(axis=2), 1, rtol=1e-5)
    assert (fast.argmax(2) == dense.argmax(2)).mean() >= 0.99
    assert np.abs(fast - dense).mean() < 0.01


def test_mean_field_is_the_update_of_the_paper(rng):
    """Algorithm 1 with its compatibility written out, for one step from the unaries."""
    H, W, K, crf = 5, 6, 3, DenseCRF(w1=2.5, alpha=3, beta=40, w2=1.5, gamma=2, iterations=1)
    picture, logits = rng.integers(0, 256, (H, W, 3), np.uint8), rng.standard_normal((H, W, K))
    p, colour = np.indices((H, W)).reshape(2, -1).T, picture.reshape(-1, 3).astype(float)
    near = ((p[:, None] - p) ** 2).sum(2)
    alike = ((colour[:, None] - colour) ** 2).sum(2)
    q = np.exp(logits.reshape(-1, K))
    q /= q.sum(1, keepdims=True)
    penalty = np.zeros((H * W, K))
    for w, kernel in (
        (2.5, np.exp(-near / (2 * 3**2) - alike / (2 * 40**2))),
        (1.5, np.exp(-near / (2 * 2**2))),
    ):
        norm = np.sqrt(kernel.sum(1))
        heard = (kernel / norm[:, None] / norm) @ q
        penalty += w * (heard @ (1 - np.eye(K)))
    expected = np.exp(logits.reshape(-1, K) - penalty)
    expected /= expected.sum(1, keepdims=True)
    with kernels.use(backend="reference"):
        found = refine(logits, picture, crf)
    np.testing.assert_allclose(found.reshape(-1, K), expected, rtol=1e-5)  # features are rounded to float32


def test_labels_move_to_the_edge_of_the_picture():
    """The edge lies at column 22, the network's blocks of 8 see it at 24 and are sure of neither side."""
    picture = np.full((32, 48, 3), (30, 80, 60), np.uint8)
    picture[:, 22:] = 190, 90, 40
    logits = np.zeros((32, 48, 2), np.float32)
    logits[:, :24, 0] = logits[:, 24:, 1] = 1
    truth = np.broadcast_to(np.arange(48) >= 22, (32, 48))
    assert (logits.argmax(2) != truth).sum() == 2 * 32
    np.testing.assert_array_equal(refine(logits, picture).argmax(2), truth)


def test_a_speck_in_even_colour_goes_and_one_in_its_own_colour_stays():
    picture = np.full((20, 20, 3), 90, np.uint8)
    picture[4:7, 4:7] = 220, 40, 40
    logits = np.zeros((20, 20, 2), np.float32)
    logits[..., 0] = 1.5
    logits[4:7, 4:7] = logits[13:15, 13:15] = 0, 1.5
    found = refine(logits, picture).argmax(2)
    assert (found[4:7, 4:7] == 1).all() and found.sum() == 9


def test_without_messages_scores_are_those_of_the_network(rng):
    logits = rng.standard_normal((4, 5, 3)).astype(np.float32)
    scores = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    for crf in (DenseCRF(iterations=0), DenseCRF(w1=0, w2=0)):
        np.testing.assert_allclose(refine(logits, np.zeros((4, 5, 3), np.uint8), crf), scores, rtol=1e-5)


def test_logits_and_logarithms_of_scores_give_the_same(rng):
    picture, labels = picture_and_labels(rng, (9, 11), 3, noise=6)
    logits = coarse_logits(rng, labels, 3)
    logs = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
    np.testing.assert_allclose(refine(logs, picture), refine(logits, picture), atol=1e-4)


def test_the_picture_may_be_grey_and_computed_elsewhere(rng):
    picture, labels = picture_and_labels(rng, (8, 9), 2, noise=3)
    logits = coarse_logits(rng, labels, 2)
    here = refine(logits, picture[..., :1])
    with elsewhere():
        np.testing.assert_array_equal(refine(logits, picture[..., :1]), here)


def test_a_large_picture_goes_through_in_pieces_that_hardly_show(rng, monkeypatch):
    """Pieces hear most of what lies around them: found, at most 0.35 % of the labels differ."""
    picture, labels = picture_and_labels(rng, (50, 70), 4, noise=6)
    logits, small = coarse_logits(rng, labels, 4), DenseCRF(alpha=6, beta=10)
    whole = refine(logits, picture, small)
    monkeypatch.setattr(crf_module, "WHOLE", 50 * 70 - 1)
    monkeypatch.setattr(crf_module, "PIECE", 30)
    pieces = refine(logits, picture, small)
    assert whole.tobytes() != pieces.tobytes(), "there were pieces at all"
    assert (pieces.argmax(2) == whole.argmax(2)).mean() >= 0.993
    assert np.abs(pieces - whole).mean() < 0.005


def test_wrong_shapes_and_numbers_are_refused():
    logits, picture = np.zeros((4, 5, 2), np.float32), np.zeros((4, 6, 3), np.uint8)
    with pytest.raises(ShapeError, match="picture's size"):
        refine(logits, picture)
    for wrong in ({"w1": -1.0}, {"alpha": 0.0}, {"beta": float("nan")}, {"iterations": -1}, {"w2": float("inf")}):
        with pytest.raises(UsageError, match="CRF expects"):
            DenseCRF(**wrong)
