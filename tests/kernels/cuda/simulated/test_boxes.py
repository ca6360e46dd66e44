"""Boxes and regions of odd numbers: on CUDA as in the definition."""

import numpy as np
import pytest
from agreement import assert_matches
from there import computed

from cnnkit.kernels import reference
from cnnkit.kernels.cuda.boxes import roi_align

pytestmark = pytest.mark.usefixtures("on_cuda")


def test_a_score_and_its_bound_are_compared_as_they_are():
    boxes = np.float32([[[0, 0, 1, 1]]])
    for number, kept in ((0.3, 0), (0.7, -1)):  # in float32 a little more, and a little less
        found = computed("select", boxes, np.float32([[[number]]]), score=number, iou=0.5, places=1)
        assert found[0, 0, 5] == kept


def test_the_image_of_a_region_is_what_stands_before_the_point():
    """One that is no number is in none: made an integer by a chip it would be 0."""
    x = np.random.default_rng(0).standard_normal((2, 4, 4, 1)).astype(np.float32)
    rois = np.float32([[image, 0, 0, 3, 3] for image in (1.5, -0.5, 2, np.nan, np.inf)])
    dy = np.float32([[[[r + 1], [2]]] for r in range(len(rois))])
    _, places = reference.roi_pool(x, rois, (1, 2), 1.0)
    rows = {
        "roi_align": (x, rois, (1, 2), 1.0, 1),
        "roi_align_dx": (dy, rois, x.shape, 1.0, 1),
        "roi_pool_dx": (dy, places, rois, x.shape),
    }
    np.testing.assert_array_equal(computed("roi_pool", x, rois, (1, 2), 1.0)[1], places)
    for name, args in rows.items():
        assert_matches(computed(name, *args), getattr(reference, name)(*args), 4)


def regions(count, size=6.0):
    """Of two images: some within, some that reach out or are turned round, one of no image, one without extent."""
    rng = np.random.default_rng(1)
    rois = np.concatenate([rng.integers(0, 2, (count, 1)), rng.uniform(-2, size + 2, (count, 4))], axis=1)
    rois[0, 0], rois[1, 3:] = -1, rois[1, 1:3]
    return rois.astype(np.float32)


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("sampling", [None, 2, 5])
def test_regions_that_overlap_and_reach_out_hand_back_what_the_definition_does(sampling, aligned):
    rng, rois = np.random.default_rng(0), regions(7)
    for size in (2, 3), (7, 1):
        dy = rng.standard_normal((7, *size, 2)).astype(np.float32)
        args = dy, rois, (2, 5, 6, 2), 0.7, sampling, aligned
        assert_matches(computed("roi_align_dx", *args), reference.roi_align_dx(*args), 49)
    x = rng.standard_normal((2, 5, 6, 2)).astype(np.float32)
    _, places = reference.roi_pool(x, rois, (7, 1), 0.7)
    assert_matches(computed("roi_pool_dx", dy, places, rois, x.shape), reference.roi_pool_dx(dy, places, rois, x.shape))


def test_every_sample_that_lies_near_is_among_those_that_are_looked_at():
    """Places are rounded, so bounds that are computed in another way could miss one: regions of all sizes."""
    rng, single = np.random.default_rng(0), np.float32
    for _ in range(300):
        first, last = (rng.uniform(-1, 1, 2) * 10 ** rng.uniform(-3, 6)).astype(np.float32)
        bins, sampling, pixels = rng.choice([1, 2, 7, 50]), rng.choice([0, 0, 6, 100]), rng.choice([1, 5, 300])
        start, step, samples = roi_align.side_of(first, last, single(0.5), single(0.5), single(0), bins, sampling)
        o = int(np.clip(-start / max(step, single(1e-9)), 0, bins - 1))  # the bin in which the map begins
        s = np.arange(samples, dtype=np.float32)
        places = start + single(o) * step + (s + single(0.5)) * step / single(max(samples, 1))
        for low, high in (-1, pixels), (-1, 1), (pixels - 2, pixels):
            near = np.flatnonzero((places >= low) & (places <= high))
            begin, behind = roi_align.samples_near(start, step, o, samples, single(low), single(high))
            assert near.size == 0 or begin <= near[0] <= near[-1] < behind
            if near.size:
                begin, behind = roi_align.near_to(start, step, bins, single(low) - step, single(high))
                assert begin <= o < behind


FAR = 40_000.0


@pytest.mark.parametrize(
    "box", [(-FAR, -FAR, FAR, FAR), (2.5, -FAR, 4.0, FAR), (3, 2, FAR, 4), (FAR, FAR, 2 * FAR, FAR)]
)
def test_of_a_huge_region_the_samples_on_the_map_are_looked_at_and_all_are_counted(box, monkeypatch):
    """Three bins of 27,000 samples a side, of which a dozen lie on the map: their product needs more than 31 bits."""
    looked = []
    sample = roi_align.sample_of
    monkeypatch.setattr(roi_align, "sample_of", lambda *args: looked.append(args) or sample(*args))
    x = np.random.default_rng(0).standard_normal((1, 4, 5, 1)).astype(np.float32)
    rois, size = np.float32([[0, *box]]), (3, 2)
    dy = np.float32(np.arange(6) + 1).reshape(1, 3, 2, 1) * np.float32(1e6)
    calls = {"roi_align": (x, rois, size, 1.0), "roi_align_dx": (dy, rois, x.shape, 1.0)}
    for name, args in calls.items():
        # Of at most 8e8 samples a bin's mean is computed; where one lies is known to 1/250 of a pixel.
        expected = getattr(reference, name)(*args)
        np.testing.assert_allclose(computed(name, *args), expected, rtol=0, atol=2.0**-8 * np.abs(expected).max())
    assert len(looked) < 20_000 and (looked or box[0] == FAR)
