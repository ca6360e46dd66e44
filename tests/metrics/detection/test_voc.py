"""VOC's average precision, held against its definition written as a plain loop."""

import sys
from pathlib import Path

import numpy as np
import pytest
from metrics.detection.drawn import boxes_of

from cnnkit.metrics.detection import FoundBoxes, TrueBoxes, VocScore, average_precision, eleven_points

GOLDEN = Path(__file__).parents[2] / "golden"
sys.path.insert(0, str(GOLDEN))

from box_cases import case  # noqa: E402 - drawn for other tests too


def by_hand(drawn, label, points):
    """The average precision of a class as the challenge's text has it: one box after the other, no arrays."""
    rows = [(n, row) for n, picture in enumerate(drawn["pictures"]) for row in picture["found"] if row[4] == label]
    rows.sort(key=lambda pair: -pair[1][5])
    things = {n: [row for row in picture["true"] if row[4] == label] for n, picture in enumerate(drawn["pictures"])}
    wanted = sum(not row[5] for rows in things.values() for row in rows)
    if not wanted:
        return None
    right, counted, taken, curve = 0, 0, set(), []
    for n, box in rows:
        overlaps = [overlap(box, thing) for thing in things[n]]
        best = max(range(len(overlaps)), key=lambda k: overlaps[k], default=None)
        if best is not None and overlaps[best] >= 0.5:
            if things[n][best][5]:
                continue
            right += (n, best) not in taken
            taken.add((n, best))
        counted += 1
        curve.append((right / wanted, right / counted))
    if points:
        return sum(max((p for r, p in curve if r >= k / 10), default=0.0) for k in range(11)) / 11
    area, before = 0.0, 0.0
    for k, (recall, _) in enumerate(curve):
        area += (recall - before) * max(p for _, p in curve[k:])
        before = recall
    return area


def overlap(a, b):
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)


@pytest.mark.parametrize("points", [False, True])
def test_the_average_precision_is_that_of_the_definition(points):
    for number in range(60):
        drawn = case(number)
        score = VocScore(drawn["classes"])
        for picture in drawn["pictures"]:
            score.add(*boxes_of(picture))
        expected = [by_hand(drawn, label, points) for label in range(drawn["classes"])]
        # Sums of at most a hundred shares in another order.
        assert score.per_class(points=points) == [None if e is None else pytest.approx(e, abs=1e-13) for e in expected]
        known = [value for value in expected if value is not None]
        assert score.mean(points=points) == pytest.approx(np.mean(known) if known else 0.0, abs=1e-13)


def test_the_area_and_the_eleven_points_of_a_curve():
    recall, precision = np.array([0.5, 0.5, 1.0]), np.array([1.0, 0.5, 2 / 3])
    assert average_precision(recall, precision) == pytest.approx(0.5 + 0.5 * 2 / 3, rel=1e-12)
    assert eleven_points(recall, precision) == pytest.approx((6 + 5 * 2 / 3) / 11, rel=1e-12)
    nothing = np.empty(0)
    assert average_precision(nothing, nothing) == eleven_points(nothing, nothing) == 0.0


def test_the_curve_goes_from_the_surest_box_on():
    score = VocScore(1)
    thing = np.array([[0.0, 0.0, 10.0, 10.0]])
    found = FoundBoxes(np.array([[50.0, 50, 60, 60], *thing]), np.array([0.3, 0.8]), np.zeros(2, np.int64))
    score.add(found, TrueBoxes(thing, np.zeros(1, np.int64), np.zeros(1, bool)))
    recall, precision, scores = score.curve(0)
    assert (recall.tolist(), precision.tolist(), scores.tolist()) == ([1.0, 1.0], [1.0, 0.5], [0.8, 0.3])


def test_a_box_whose_thing_is_taken_is_wrong_though_another_is_near():
    """VOC asks for the thing that is overlapped most, whether or not it is taken; COCO would take the other."""
    things = np.array([[0.0, 0.0, 10.0, 10.0], [3.0, 0.0, 13.0, 10.0]])
    found = FoundBoxes(things[[0, 0]], np.array([0.9, 0.8]), np.zeros(2, np.int64))
    score = VocScore(1)
    score.add(found, TrueBoxes(things, np.zeros(2, np.int64), np.zeros(2, bool)))
    assert score.per_class() == [0.5]
