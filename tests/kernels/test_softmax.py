"""Softmax, log-softmax and cross-entropy."""

import math

import numpy as np
import pytest
from agreement import assert_matches

from cnnkit.kernels import cpu, reference

SIZES = [(0, 3), (1, 1), (7, 10), (300, 17), (5, 1000), (2, 3, 4, 6)]
MAPS = [(0, 4, 5, 3), (2, 5, 7, 1), (1, 3, 3, 2), (2, 9, 19, 4), (1, 8, 40, 8), (1, 30, 40, 11), (1, 37, 3, 21)]
MAPS += [(3, 5, 67)]


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("shape", [*SIZES, *MAPS], ids=str)
def test_softmax_agrees_with_its_definition(rng, name, shape):
    x, dy = 5 * normal(rng, shape), normal(rng, shape)
    y = getattr(cpu, name)(x)
    assert_matches(y, getattr(reference, name)(x))
    assert_matches(getattr(cpu, f"{name}_dx")(dy, y), getattr(reference, f"{name}_dx")(dy, y), shape[-1], scale=1)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", SIZES[:-1], ids=str)
def test_cross_entropy_agrees_with_its_definition(rng, shape, smoothing):
    logits, labels = 5 * normal(rng, shape), rng.integers(0, shape[1], shape[0])
    losses, scores = cpu.cross_entropy(logits, labels, smoothing)
    expected, expected_scores = reference.cross_entropy(logits, labels, smoothing)
    assert_matches(losses, expected)
    assert_matches(scores, expected_scores)
    dlosses = normal(rng, shape[:1])
    dlogits = cpu.cross_entropy_dx(scores, labels, dlosses, smoothing)
    assert_matches(dlogits, reference.cross_entropy_dx(scores, labels, dlosses, smoothing))


VOID = 255


def a_map(rng, shape):
    """Logits, labels of bytes of which a fifth are void, weights of the classes with a 0 among them."""
    labels = rng.integers(0, shape[-1], shape[:-1]).astype(np.uint8)
    labels[rng.random(labels.shape) < 0.2] = VOID
    weights = rng.uniform(0.2, 3, shape[-1]).astype(np.float32)
    weights[1:2] = 0
    return 5 * normal(rng, shape), labels, weights


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", MAPS, ids=str)
def test_cross_entropy_of_maps_agrees_with_its_definition(rng, shape, smoothing, weighed):
    logits, labels, weights = a_map(rng, shape)
    options = {"weights": weights if weighed else None, "ignore": VOID}
    losses, scores = cpu.cross_entropy(logits, labels, smoothing, **options)
    expected, expected_scores = reference.cross_entropy(logits, labels, smoothing, **options)
    assert_matches(losses, expected)
    assert_matches(scores, expected_scores)
    assert not losses[labels == VOID].any()
    dlosses = normal(rng, labels.shape)
    dlogits = cpu.cross_entropy_dx(scores, labels, dlosses, smoothing, **options)
    assert_matches(dlogits, reference.cross_entropy_dx(scores, labels, dlosses, smoothing, **options))
    assert not dlogits[labels == VOID].any()


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
class TestMapsOfLabels:
    def test_without_a_void_they_are_rows(self, backend, rng):
        logits, labels = 5 * normal(rng, (2, 5, 7, 6)), rng.integers(0, 6, (2, 5, 7))
        losses, scores = backend.cross_entropy(logits, labels, 0.1)
        rows, rows_of_scores = backend.cross_entropy(logits.reshape(-1, 6), labels.reshape(-1), 0.1)
        np.testing.assert_allclose(losses.reshape(-1), rows, rtol=2e-6)
        np.testing.assert_allclose(scores.reshape(-1, 6), rows_of_scores, rtol=2e-6)

    @pytest.mark.parametrize("ignore", [-100, 255, 7000, 2])
    def test_any_label_may_be_the_void(self, backend, rng, ignore):
        logits, labels = normal(rng, (1, 4, 5, 3)), rng.integers(0, 2, (1, 4, 5))
        expected, _ = backend.cross_entropy(logits, labels)
        labels[0, 1] = ignore
        losses, scores = backend.cross_entropy(logits, labels, ignore=ignore)
        np.testing.assert_allclose(losses[0, ::2], expected[0, ::2], rtol=1e-6)
        assert not losses[0, 1].any()
        assert not backend.cross_entropy_dx(scores, labels, expected, ignore=ignore)[0, 1].any()

    def test_what_void_pixels_hold_does_not_matter(self, backend):
        logits, labels = np.full((1, 2, 2, 3), np.nan, np.float32), np.full((1, 2, 2), VOID, np.uint8)
        logits[0, 0, 0], labels[0, 0, 0] = [1, 2, 3], 1
        losses, scores = backend.cross_entropy(logits, labels, 0.1, ignore=VOID)
        assert np.isfinite(losses).all()
        assert np.isfinite(backend.cross_entropy_dx(scores, labels, losses, 0.1, ignore=VOID)).all()

    def test_large_logits_do_not_overflow(self, backend):
        logits = np.array([[[1000, 1000, -1000], [3e38, 3e38, 3e38]]], np.float32)
        losses, scores = backend.cross_entropy(logits, np.array([[0, 2]]), ignore=VOID)
        np.testing.assert_allclose(losses, [[math.log(2), math.log(3)]], rtol=1e-6)
        np.testing.assert_allclose(scores, [[[0.5, 0.5, 0], [1 / 3] * 3]], rtol=1e-6)

    def test_a_certain_answer_still_has_a_loss(self, backend):
        losses, _ = backend.cross_entropy(np.array([[[20, 0]]], np.float32), np.array([[0]]), ignore=VOID)
        np.testing.assert_allclose(losses, math.log1p(math.exp(-20)), rtol=1e-5)

    def test_a_masked_class_adds_nothing(self, backend):
        logits, labels = np.array([[[1, -np.inf, 2], [1, -np.inf, 2]]], np.float32), np.array([[0, 2]])
        weights = np.array([1, 0, 1], np.float32)
        losses, scores = backend.cross_entropy(logits, labels, 0.1, weights=weights)
        assert np.isfinite(losses).all()
        assert np.isfinite(backend.cross_entropy_dx(scores, labels, losses, 0.1, weights=weights)).all()
        assert np.isposinf(backend.cross_entropy(logits, np.array([[1, 1]]))[0]).all()

    def test_nan_stays_visible(self, backend):
        logits = np.array([[[1, np.nan, 2], [1, 2, 3]]], np.float32)
        losses, scores = backend.cross_entropy(logits, np.array([[0, 0]]), ignore=VOID)
        assert np.isnan(losses[0, 0]) and np.isfinite(losses[0, 1])
        np.testing.assert_array_equal(np.isnan(backend.softmax(logits)), np.isnan(scores))
        assert np.isnan(scores[0, 0]).all() and np.isfinite(scores[0, 1]).all()


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
class TestKnownValues:
    def test_large_logits_do_not_overflow(self, backend):
        y = backend.softmax(np.array([[1000, 1000, -1000]], np.float32))
        np.testing.assert_array_equal(y, [[0.5, 0.5, 0]])

    def test_an_undecided_network_loses_the_logarithm_of_the_classes(self, backend):
        losses, scores = backend.cross_entropy(np.zeros((2, 8), np.float32), np.array([0, 7]))
        np.testing.assert_allclose(losses, math.log(8), rtol=1e-7)
        np.testing.assert_array_equal(scores, 0.125)

    def test_the_gradient_is_score_minus_target(self, backend):
        scores = np.array([[0.25, 0.75]], np.float32)
        dlogits = backend.cross_entropy_dx(scores, np.array([1]), np.array([2], np.float32))
        np.testing.assert_array_equal(dlogits, [[0.5, -0.5]])

    def test_a_certain_answer_still_has_a_loss(self, backend):
        """In float32, 20 - (20 + e^-20) is 0: the logarithm is taken off in float64."""
        losses, _ = backend.cross_entropy(np.array([[20, 0]], np.float32), np.array([0]))
        np.testing.assert_allclose(losses, math.log1p(math.exp(-20)), rtol=1e-5)

    @pytest.mark.parametrize("huge", [1e16, -1e16, 3e38, -3e38, 1e9])
    @pytest.mark.parametrize("classes", [4, 37])
    def test_beside_huge_logits_the_logarithm_of_the_sum_stays(self, backend, huge, classes):
        x, labels = np.full((2, classes), huge, np.float32), np.array([0, classes - 1])
        np.testing.assert_allclose(backend.log_softmax(x), -math.log(classes), rtol=1e-7)
        for smoothing in (0.0, 0.1):
            np.testing.assert_allclose(backend.cross_entropy(x, labels, smoothing)[0], math.log(classes), rtol=1e-6)

    @pytest.mark.parametrize("classes", [4, 37])
    def test_a_masked_class_adds_nothing(self, backend, classes):
        x = np.linspace(-3, 3, classes, dtype=np.float32)[None]
        masked = np.where(np.arange(classes) % 3 == 1, -np.inf, x).astype(np.float32)
        kept = x[:, np.arange(classes) % 3 != 1]
        losses, scores = backend.cross_entropy(masked, np.array([0]))
        np.testing.assert_allclose(losses, backend.cross_entropy(kept, np.array([0]))[0], rtol=1e-6)
        assert (scores[0, 1::3] == 0).all() and np.isneginf(backend.log_softmax(masked)[0, 1::3]).all()
        assert np.isfinite(backend.cross_entropy_dx(scores, np.array([0]), np.ones(1, np.float32))).all()
        assert np.isposinf(backend.cross_entropy(masked, np.array([1]))[0])  # the label itself is masked
        assert np.isposinf(backend.cross_entropy(masked, np.array([0]), 0.1)[0])  # a share of the target is

    def test_nan_stays_visible(self, backend):
        x = np.array([[1, np.nan, 2]], np.float32)
        assert np.isnan(backend.softmax(x)).all()
        assert np.isnan(backend.log_softmax(x)).all()
        assert np.isnan(backend.cross_entropy(x, np.array([0]))[0]).all()


@pytest.mark.parametrize("backend", [reference, cpu], ids=["reference", "cpu"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_labels_of_any_integers(backend, dtype, rng):
    logits, labels = normal(rng, (3, 4)), np.array([3, 0, 2])
    losses, scores = backend.cross_entropy(logits, labels)
    np.testing.assert_array_equal(backend.cross_entropy(logits, labels.astype(dtype))[0], losses)
    dlogits = backend.cross_entropy_dx(scores, labels, losses)
    np.testing.assert_array_equal(backend.cross_entropy_dx(scores, labels.astype(dtype), losses), dlogits)


def normal(rng, shape):
    return rng.standard_normal(shape).astype(np.float32)
