"""Segments of a picture and their merging: every backend finds the same ones, and they are what the papers define."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit.errors import DTypeError
from cnnkit.kernels import cpu, reference
from cnnkit.kernels.shared.regions import FORWARD

BACKENDS = pytest.mark.parametrize("k", [reference, cpu], ids=["reference", "cpu"])
ALL = (1.0, 1.0, 1.0, 1.0)


def picture(H, W, C, levels, seed):
    """Whole numbers, few of them: many edges weigh the same."""
    return np.random.default_rng(seed).integers(0, levels, (2, H, W, C)).astype(np.float32)


def pairs_of(labels):
    H, W = labels.shape
    found = {
        tuple(sorted((int(labels[y, x]), int(labels[y + down, x + right]))))
        for y in range(H)
        for x in range(W)
        for down, right in FORWARD
        if y + down < H and 0 <= x + right < W
    }
    return np.array(sorted(pair for pair in found if pair[0] != pair[1]), np.int32).reshape(-1, 2)


def regions_of(labels, rng, channels=(2, 3), bins=(5, 4)):
    """Sizes, boxes, two histograms of random content, and neighbours."""
    R = int(labels.max()) + 1
    spots = [np.argwhere(labels == r)[:, ::-1] for r in range(R)]
    boxes = np.array([[*spot.min(axis=0), *spot.max(axis=0) + 1] for spot in spots], np.int32)
    contents = (rng.integers(0, b, (*labels.shape, c), dtype=np.uint8) for c, b in zip(channels, bins, strict=True))
    counts = [reference.region_histograms(labels, content, R, b) for content, b in zip(contents, bins, strict=True)]
    return np.bincount(labels.ravel()), boxes, *counts, pairs_of(labels)


@BACKENDS
def test_two_plain_halves_are_two_segments_numbered_as_they_are_read(k):
    x = np.zeros((1, 4, 6, 1), np.float32)
    x[:, :, 4:] = 9
    np.testing.assert_array_equal(k.segment(x, 2.0, 1)[0], [[0, 0, 0, 0, 1, 1]] * 4)


@BACKENDS
def test_a_slope_is_one_segment_where_a_step_as_high_is_two(k):
    slope = np.tile(np.arange(8, dtype=np.float32), (1, 3, 1))[..., None]
    step = np.where(slope < 4, 0, 7).astype(np.float32)
    assert k.segment(slope, 30.0, 1).max() == 0
    assert k.segment(step, 30.0, 1).max() == 1


@BACKENDS
def test_a_speck_is_kept_or_joined_to_the_neighbour_it_differs_from_least(k):
    x = np.zeros((1, 3, 5, 1), np.float32)
    x[:, :, 3:], x[:, 1, 2] = 90, 60
    assert k.segment(x, 1.0, 1)[0].max() == 2
    joined = k.segment(x, 1.0, 2)[0]
    assert joined.max() == 1 and joined[1, 2] == joined[1, 3]


@BACKENDS
def test_segments_are_neither_too_fine_nor_too_coarse(k):
    """The paper's own definition, from trees that are spanned anew: between two segments even the lightest edge is
    heavier than what holds one of them together (theorem 1), and no tree has an edge that this would have barred.
    """
    x, scale = picture(7, 8, 2, 12, 3)[:1], 6.0
    labels = k.segment(x, scale, 1)[0].ravel()
    edges = [
        (float(np.sqrt(((x[0, y, u] - x[0, y + down, u + right]) ** 2).sum())), y * 8 + u, (y + down) * 8 + u + right)
        for y in range(7)
        for u in range(8)
        for down, right in FORWARD
        if y + down < 7 and 0 <= u + right < 8
    ]
    edges.sort(key=lambda edge: edge[0])
    inside, part, between = dict.fromkeys(labels, 0.0), list(range(56)), {}
    for w, p, q in edges:
        if labels[p] != labels[q]:
            between.setdefault(frozenset((labels[p], labels[q])), w)
        elif part[p] != part[q]:
            part = [part[p] if other == part[q] else other for other in part]
            inside[labels[p]] = w
    size = np.bincount(labels)
    assert len(set(part)) == len(size) > 3, "each segment is one piece"
    for pair, w in between.items():
        assert w > min(inside[s] + scale / size[s] for s in pair)


@settings(max_examples=30, deadline=None)
@given(st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 3)), st.sampled_from([2, 5, 200]),
       st.sampled_from([0.5, 3.0, 40.0]), st.integers(1, 12), st.integers(0, 99))  # fmt: skip
def test_both_backends_find_the_same_segments(shape, levels, k, min_size, seed):
    x = picture(*shape, levels, seed)
    found = cpu.segment(x, k, min_size)
    np.testing.assert_array_equal(found, reference.segment(x, k, min_size))
    for labels in found:
        sizes = np.bincount(labels.ravel())
        assert sizes.min() >= min(min_size, labels.size)
        assert (np.unique(labels.ravel(), return_index=True)[1].argsort() == np.arange(len(sizes))).all()


def test_both_backends_agree_on_a_picture_of_many_segments(rng):
    x = rng.uniform(0, 255, (1, 40, 50, 3)).astype(np.float32)
    found = cpu.segment(x, 60.0, 3)
    assert found.max() > 60
    np.testing.assert_array_equal(found, reference.segment(x, 60.0, 3))


@BACKENDS
def test_a_batch_of_no_pictures_has_no_segments(k):
    assert k.segment(np.zeros((0, 3, 4, 1), np.float32), 1.0, 1).shape == (0, 3, 4)
    assert k.segment(np.zeros((2, 0, 4, 1), np.float32), 1.0, 1).shape == (2, 0, 4)


@BACKENDS
def test_histograms_count_what_occurs_in_each_region(k, rng):
    labels, bins = rng.integers(0, 40, (9, 11), dtype=np.int32), rng.integers(0, 6, (9, 11, 3), dtype=np.uint8)
    expected = np.zeros((41, 3, 6), np.int32)
    np.add.at(expected, (labels[..., None], np.arange(3), bins), 1)
    found = k.region_histograms(labels, bins, 41, 6)
    assert found.dtype == np.int32 and found[40].max() == 0, "nobody is in the last region"
    np.testing.assert_array_equal(found, expected)


@BACKENDS
def test_what_looks_alike_is_merged_first(k):
    """A row of four, all alike but the third, which shares 1/3 with either side: of equal pairs the first counts."""
    counts = np.int32([[6, 0], [6, 0], [2, 4], [6, 0]]).reshape(4, 1, 2)
    pixels, row = np.full(4, 6), np.int32([[0, 0, 2, 3], [2, 0, 4, 3], [4, 0, 6, 3], [6, 0, 8, 3]])
    pairs = np.int32([[0, 1], [1, 2], [2, 3]])
    merged, boxes = k.group_regions(pixels, row, counts, counts, pairs, (1, 0, 0, 0))
    assert merged.tolist() == [[0, 1], [2, 4], [3, 5]]
    np.testing.assert_array_equal(boxes[4], [0, 0, 4, 3])
    np.testing.assert_array_equal(boxes[6], [0, 0, 8, 3])


@BACKENDS
def test_each_measure_is_its_formula(k):
    """Three regions, two pairs, the one first that a measure is not to choose: it would win a tie."""
    pixels, pairs = np.array([2, 6, 4]), np.int32([[1, 2], [0, 1]])
    boxes = np.int32([[0, 0, 2, 1], [0, 1, 2, 4], [0, 4, 4, 5]])
    colours = np.int32([[[2, 0]], [[3, 3]], [[0, 4]]])  # they share 1/2 and 1/2
    textures = np.int32([[[2, 0]], [[6, 0]], [[1, 3]]])  # 1/4 and 1

    def first(weights):
        return k.group_regions(pixels, boxes, colours, textures, pairs, weights)[0][0].tolist()

    assert first((1, 0, 0, 0)) == [1, 2], "a tie"
    assert first((0, 1, 0, 0)) == [0, 1]
    assert first((0, 0, 1, 0)) == [0, 1]  # 1 - 10/12 and 1 - 8/12
    assert first((0, 0, 0, 1)) == [0, 1]  # 1 - (16 - 10)/12 and 1 - (8 - 8)/12
    # In turn one against the other: size says 2/12 and 4/12; where the first share all of their colours, 1 and 1/2.
    colours = np.int32([[[2, 0]], [[3, 3]], [[2, 2]]])
    assert first((0.4, 0, 1, 0)) == [1, 2]
    assert first((0.3, 0, 1, 0)) == [0, 1]


@BACKENDS
def test_one_region_is_merged_with_nobody(k):
    counts = np.ones((1, 1, 2), np.int32)
    merged, boxes = k.group_regions(
        np.array([2]), np.int32([[0, 0, 2, 1]]), counts, counts, np.empty((0, 2), np.int32), ALL
    )
    assert merged.shape == (0, 2) and boxes.tolist() == [[0, 0, 2, 1]]


@pytest.mark.parametrize("weights", [ALL, (0.0, 1.0, 1.0, 1.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 1.0)])
def test_both_backends_build_the_same_tree(weights, rng):
    labels = cpu.segment(rng.uniform(0, 255, (1, 30, 40, 3)).astype(np.float32), 60.0, 4)[0]
    regions = regions_of(labels, rng)
    R = len(regions[0])
    merged, boxes = cpu.group_regions(*regions, weights)
    for found, expected in zip((merged, boxes), reference.group_regions(*regions, weights), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert R > 40 and sorted(merged.ravel()) == list(range(2 * R - 2)), "each region but the last is merged once"
    assert boxes[-1].tolist() == [0, 0, 40, 30]


def test_a_tree_is_that_of_plain_formulas(rng):
    """Similarities as the paper prints them, from shares in floating point, all pairs looked at in every step."""
    labels = cpu.segment(rng.uniform(0, 255, (1, 12, 14, 3)).astype(np.float32), 60.0, 4)[0]
    pixels, boxes, *counts, pairs = regions_of(labels, rng)
    shares = [[c[r] / c[r].sum() for c in counts] for r in range(len(pixels))]
    sizes, spots = list(pixels), [np.argwhere(labels == r) for r in range(len(pixels))]
    touching = {tuple(pair) for pair in pairs.tolist()}
    for a, b in cpu.group_regions(pixels, boxes, *counts, pairs, ALL)[0].tolist():
        scores = {}
        for p, q in touching:
            both = np.concatenate([spots[p], spots[q]])
            area = np.prod(both.max(axis=0) + 1 - both.min(axis=0))
            alike = sum(np.minimum(x, y).sum() for x, y in zip(shares[p], shares[q], strict=True))
            n = sizes[p] + sizes[q]
            scores[p, q] = alike + 2 - n / labels.size - (area - n) / labels.size
        assert scores[min(a, b), max(a, b)] == pytest.approx(max(scores.values()), abs=1e-12)
        mean = [
            (sizes[a] * x + sizes[b] * y) / (sizes[a] + sizes[b]) for x, y in zip(shares[a], shares[b], strict=True)
        ]
        shares.append(mean)
        t = len(sizes)
        sizes.append(sizes[a] + sizes[b])
        spots.append(np.concatenate([spots[a], spots[b]]))
        merged = dict.fromkeys((a, b), t)
        touching = {tuple(sorted((merged.get(p, p), merged.get(q, q)))) for p, q in touching} - {(t, t)}


def test_labels_do_not_go_into_floats():
    with pytest.raises(DTypeError):
        cpu.segment(np.zeros((1, 2, 2, 1), np.float32), 1.0, 1, out=np.empty((1, 2, 2), np.float32))
