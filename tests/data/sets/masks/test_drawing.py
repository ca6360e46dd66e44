"""Masks of outlines and runs, held to slow definitions; and runs and outlines that lie."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnkit.data.layout.masks.outlines import Outlines, Runs, Thing
from cnnkit.data.sets.masks import drawing
from cnnkit.data.sets.masks.drawing import draw
from cnnkit.data.targets import VOID
from cnnkit.errors import DataError


def drawn(*shapes, size=(9, 12), crowd=False):
    things = tuple(Thing(number, crowd, shape) for number, shape in enumerate(shapes, 1))
    return draw(Outlines("x.json", size, things), "a.jpg").labels


def inside(polygon, y, x):
    """Whether a ray to the right crosses the outline an odd number of times."""
    points, odd = list(zip(polygon[::2], polygon[1::2], strict=True)), False
    for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True):
        if min(y1, y2) <= y < max(y1, y2) and x1 + (y - y1) * (x2 - x1) / (y2 - y1) > x:
            odd = not odd
    return odd


# Quarters and eighths, so that no centre of a pixel is on a side by rounding alone.
COORDINATE = st.integers(-24, 120).map(lambda number: number / 8 + 1 / 16)


@settings(max_examples=60, deadline=None)
@given(st.lists(COORDINATE, min_size=6, max_size=16).filter(lambda numbers: len(numbers) % 2 == 0))
def test_a_pixel_is_inside_where_its_centre_is(polygon):
    labels = drawn((tuple(polygon),))
    expected = [[inside(polygon, y + 0.5, x + 0.5) for x in range(12)] for y in range(9)]
    np.testing.assert_array_equal(labels, np.array(expected, np.uint8))


def test_later_things_cover_earlier_ones_and_several_outlines_are_one_thing():
    box = (1.0, 1.0, 6.0, 1.0, 6.0, 6.0, 1.0, 6.0)
    small = (2.0, 2.0, 4.0, 2.0, 4.0, 4.0, 2.0, 4.0)
    far = (8.0, 7.0, 10.0, 7.0, 10.0, 9.0, 8.0, 9.0)
    labels = drawn((box, far), (small,))
    assert (np.count_nonzero(labels == 1), np.count_nonzero(labels == 2)) == (25 - 4 + 4, 4)


def test_a_crowd_is_void():
    assert set(np.unique(drawn(((0.0, 0.0, 4.0, 0.0, 4.0, 4.0),), crowd=True))) == {0, VOID}


def compressed(counts):
    """COCO's text for run lengths: differences from the fourth on, five bits a letter, the last with the sign."""
    text = ""
    for place, count in enumerate(counts):
        number, more = count - (counts[place - 2] if place > 2 else 0), True
        while more:
            bits, number = number & 31, number >> 5
            more = number != -1 if bits & 16 else number != 0
            text += chr(48 + bits + 32 * more)
    return text


def test_runs_go_down_the_columns_in_both_forms():
    mask = np.random.default_rng(3).random((9, 12)) < 0.3
    flat = mask.T.ravel()
    edges = np.flatnonzero(np.diff(flat, prepend=False))
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    for form in (tuple(counts), compressed(counts)):
        np.testing.assert_array_equal(drawn(Runs(form, (9, 12))), mask.astype(np.uint8))


def test_the_compressed_form_is_that_of_a_pair_worked_out_by_hand():
    # 2, 3, 1 and 1 - 3 = -2, in five bits 30, whose highest says that it is below 0: letter 48 + 30.
    assert drawing._counts("231N", 7, "it") == [2, 3, 1, 1]


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        (Runs((5, 5), (9, 12)), "10 pixels together, but the picture has 108"),
        (Runs((200, -92), (9, 12)), "108 pixels together|runs have"),
        (Runs((10**30,), (9, 12)), "pixels together"),
        (Runs((54, 54), (12, 9)), "runs are of 12x9"),
        (Runs("o" * 40, (9, 12)), "no text of COCO's compressed form"),
        (Runs("0" * 400, (9, 12)), "no text of COCO's compressed form"),
        (Runs("\u20ac\u20ac", (9, 12)), "no text of COCO's compressed form|pixels together"),
        (Runs("oooo", (9, 12)), "end within a number"),
        (Runs("<<<<", (9, 12)), "pixels together"),
    ],
)
def test_runs_that_lie_about_their_size_are_refused(runs, said):
    with pytest.raises(DataError, match=said):
        drawn(runs)


def test_outlines_that_cost_too_much_or_reach_too_far_are_refused(monkeypatch):
    with pytest.raises(DataError, match="far outside"):
        drawn(((0.0, 0.0, 1e9, 0.0, 5.0, 5.0),))
    monkeypatch.setattr(drawing, "MOST_CROSSINGS", 1000)
    with pytest.raises(DataError, match="cross 1,000 rows or more"):
        drawn((tuple([0.0, 0.0, 5.0, 9.0] * 200),))


def test_a_picture_that_claims_too_many_pixels_is_refused_before_memory_is_taken():
    with pytest.raises(DataError, match="more than the limit"):
        drawn(Runs((1,), (10**6, 10**6)), size=(10**6, 10**6))
