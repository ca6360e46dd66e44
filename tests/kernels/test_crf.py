"""Messages of the fully connected CRF: the definition, and the lattice that approximates it."""

import numpy as np
import pytest

from cnnkit.kernels import cpu, reference

BACKENDS = pytest.mark.parametrize("k", [reference, cpu], ids=["reference", "cpu"])


def places(H, W, width):
    return np.indices((H, W)).reshape(2, -1).T.astype(np.float32) / np.float32(width)


def with_colours(H, W, width, rng, spread=1.0):
    """Two noisy colours, left and right, beside the places: features of a bilateral filter."""
    left = np.arange(W)[None, :, None] < W // 2
    colours = np.where(left, [1.0, 4.0, 2.0], [6.0, 2.0, 1.0]) + spread * rng.standard_normal((H, W, 3))
    return np.concatenate([places(H, W, width), colours.reshape(-1, 3).astype(np.float32)], axis=1)


def test_the_definition_is_the_formula_written_out(rng):
    f, q = rng.standard_normal((5, 3)), rng.random((5, 2))
    k = [[np.exp(-sum((a - b) ** 2) / 2) for b in f] for a in f]
    for i in range(5):
        heard = sum(k[i][j] / np.sqrt(sum(k[i]) * sum(k[j])) * q[j] for j in range(5))
        np.testing.assert_allclose(reference.crf_messages(q, f, 2.5, others=q)[i], 2.5 * heard + q[i], rtol=1e-12)


@BACKENDS
def test_pixels_that_have_nothing_in_common_hear_themselves(k):
    f = np.float32([[0, 0], [50, 0], [0, 60], [70, 80]])
    q = np.float32([[1, 0], [0.25, 0.75], [0.5, 0.5], [0, 1]])
    np.testing.assert_allclose(k.crf_messages(q, f), q, atol=1e-6)


@BACKENDS
def test_equal_pixels_hear_the_mean_of_all(k, rng):
    q = rng.random((6, 3)).astype(np.float32)
    np.testing.assert_allclose(k.crf_messages(q, np.full((6, 5), 3.7, np.float32)), [q.mean(axis=0)] * 6, rtol=1e-5)


@pytest.mark.parametrize(
    ("features", "mean", "most"),
    [("wide", 0.02, 0.1), ("narrow", 0.02, 0.1), ("alike", 0.03, 0.12), ("noisy", 0.06, 0.4)],
)
def test_the_lattice_comes_near_the_definition(rng, features, mean, most):
    """Its filter is not quite a Gaussian, and what would pass over places where no pixel is gets lost.

    So it is good where pixels lie dense, and rough where five dimensions hold 221 pixels with noise of one standard
    deviation: there the bound is high. Messages are 0.5 in the root of their mean square, and errors found are two
    thirds of what is allowed. What must hold exactly is tested in cpu/crf.
    """
    H, W = 13, 17
    f = {
        "wide": lambda: places(H, W, 3),
        "narrow": lambda: places(H, W, 1),
        "alike": lambda: with_colours(H, W, 5, rng, 0.2),
        "noisy": lambda: with_colours(H, W, 5, rng),
    }[features]()
    q = np.stack([np.indices((H, W))[1] < W // 2, np.indices((H, W))[0] < 5, rng.random((H, W)) < 0.3], axis=2)
    q = q.reshape(H * W, 3).astype(np.float32)
    error = cpu.crf_messages(q, f) - reference.crf_messages(q, f)
    assert np.sqrt((error**2).mean()) < mean and np.abs(error).max() < most


@BACKENDS
def test_messages_are_weighed_and_added(k, rng):
    f, q, others = with_colours(4, 5, 2, rng), rng.random((20, 3), np.float32), rng.random((20, 3), np.float32)
    graph = k.crf_graph(f)
    once = k.crf_messages(q, graph)
    np.testing.assert_allclose(k.crf_messages(q, f, 3.0, others=others), 3 * once + others, rtol=1e-5)


@BACKENDS
@pytest.mark.parametrize(("N", "K", "d"), [(0, 3, 2), (4, 0, 2), (0, 0, 5), (1, 1, 1)])
def test_nobody_says_nothing(k, N, K, d):
    found = k.crf_messages(np.ones((N, K), np.float32), np.ones((N, d), np.float32))
    assert found.shape == (N, K)
    np.testing.assert_allclose(found, 1, rtol=1e-6)


@BACKENDS
def test_a_label_that_is_no_number_is_seen(k):
    q = np.float32([[0.5, np.nan], [0.5, 0.5]])
    found = k.crf_messages(q, np.zeros((2, 2), np.float32))
    assert np.isnan(found[:, 1]).all() and np.isfinite(found[:, 0]).all()
