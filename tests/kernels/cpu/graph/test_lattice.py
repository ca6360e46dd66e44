"""The permutohedral lattice and the filter on it: what holds exactly, for any picture."""

from dataclasses import replace

import numpy as np
import pytest

from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.graph import filter as lattice_filter
from cnnkit.kernels.cpu.graph.lattice import lattice_of

DIMS = pytest.mark.parametrize("d", [1, 2, 3, 5])
N = 60


def features(d, rng):
    return rng.uniform(-2, 2, (N, d)).astype(np.float32)


@DIMS
def test_a_pixel_lies_within_the_simplex_of_its_corners(d, rng):
    lattice = lattice_of(features(d, rng))
    weights, corners = lattice.weights.reshape(N, d + 1), lattice.corners.reshape(N, d + 1)
    assert weights.min() > -1e-6
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-6)
    assert corners.min() == 1 and corners.max() == lattice.used[0]
    assert all(len(set(row)) == d + 1 for row in corners)


@DIMS
def test_pairs_are_sorted_by_point_and_within_it_by_pixel(d, rng):
    lattice = lattice_of(features(d, rng))
    points = lattice.used[0]
    np.testing.assert_array_equal(lattice.order, np.argsort(lattice.corners, kind="stable"))
    counts = np.bincount(lattice.corners, minlength=points + 1)
    np.testing.assert_array_equal(lattice.ends[: points + 1], counts.cumsum())


@DIMS
def test_who_is_next_to_a_point_has_it_before_itself(d, rng):
    lattice = lattice_of(features(d, rng))
    pairs = lattice.neighbours.reshape(d + 1, lattice.room, 2)[:, : lattice.used[0] + 1]
    assert (pairs[:, 0] == 0).all() and pairs[:, 1:].any()
    for axis in pairs:
        (have,) = np.nonzero(axis[:, 0])
        np.testing.assert_array_equal(axis[axis[have, 0], 1], have)
        assert np.count_nonzero(axis[:, 1]) == len(have)


def test_near_pixels_share_points_and_far_ones_do_not():
    together = lattice_of(np.float32([[0.10, 0.2], [0.11, 0.2], [0.1, 0.21]]))
    apart = lattice_of(np.float32([[0.1, 0.2], [30, 0.2], [0.1, -40]]))
    assert together.used[0] == 3 and apart.used[0] == 9


@DIMS
def test_what_is_the_same_everywhere_stays_so(d, rng):
    """Normalised on both sides, a filter leaves √n as it is: with n = 1 everywhere that would be a constant."""
    graph = cpu.crf_graph(features(d, rng))
    root = 1 / graph.weights.reshape(N, d + 1).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(cpu.crf_messages(root, graph), root, rtol=2e-6)


@DIMS
def test_along_the_axes_in_turn_or_in_reverse_speaker_and_listener_change_places(d, rng):
    """Each step is symmetric, so the transpose of the whole is the same steps in the reverse order."""
    graph = cpu.crf_graph(features(d, rng))
    turned = replace(graph, neighbours=graph.neighbours.reshape(d + 1, -1)[::-1].reshape(-1).copy())
    everyone = np.eye(N, dtype=np.float32)
    edges, edges_turned = cpu.crf_messages(everyone, graph), cpu.crf_messages(everyone, turned)
    np.testing.assert_allclose(edges, edges_turned.T, atol=1e-6)


def test_far_from_the_border_pixels_hear_each_other_equally():
    """There no neighbour is missing, so that the order of the axes does not matter."""
    side, inner = 24, slice(9, 15)
    place = np.indices((side, side)).reshape(2, -1).T.astype(np.float32) / 2
    edges = cpu.crf_messages(np.eye(side * side, dtype=np.float32), cpu.crf_graph(place))
    middle = np.arange(side * side).reshape(side, side)[inner, inner].ravel()
    edges = edges[np.ix_(middle, middle)]
    np.testing.assert_allclose(edges, edges.T, atol=2e-7)
    assert edges.max() > 0.03


def test_the_filter_has_the_width_of_its_gaussian():
    """By up to 6 % more or less for one pixel, as it lies in its simplex; of a hundred pixels the mean is right."""
    side, width, middle = 50, 4, range(20, 30)
    place = np.indices((side, side)).reshape(2, -1).T.astype(np.float32)
    speakers = [side * y + x for y in middle for x in middle]
    heard = cpu.crf_messages(np.eye(side * side, dtype=np.float32)[:, speakers], place / width)
    away = (place[:, None] - place[speakers]) ** 2
    spread = np.sqrt((away * heard[..., None]).sum(axis=0) / heard.sum(axis=0)[:, None]) / width
    np.testing.assert_allclose(spread, 1, atol=0.08)
    np.testing.assert_allclose(spread.mean(axis=0), 1, atol=0.01)


def test_many_labels_go_through_a_few_at_a_time(rng, monkeypatch):
    graph, q = cpu.crf_graph(features(5, rng)), rng.random((N, 37), np.float32)
    whole = cpu.crf_messages(q, graph, 2.0, others=q)
    monkeypatch.setattr(lattice_filter, "ROOM", 1)
    assert cpu.crf_messages(q, graph, 2.0, others=q).tobytes() == whole.tobytes()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30, -1e30, 3e7])
def test_a_feature_that_is_no_place_touches_nothing_else(bad):
    """Kernels trust their operands, but not with memory."""
    f = np.float32([[0, 0], [bad, 0], [0, bad], [bad, bad], [40, 0]])
    found = cpu.crf_messages(np.eye(5, dtype=np.float32), f)
    assert np.isfinite(found).all() and found[4, 4] == pytest.approx(1)
