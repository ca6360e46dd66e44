"""Which box each anchor is to find, beside torchvision's matchers (tests/golden/record_boxes.py), and who is shown."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cnnkit.models.detection.detector import EMPTY, BoxBatch
from cnnkit.models.detection.parts import (
    BACKGROUND,
    BETWEEN,
    CROWD,
    hardest,
    matched,
    matched_boxes,
    sampled,
)

FOLDER = Path(__file__).parents[3] / "golden"
sys.path.insert(0, str(FOLDER))
import boxes_problem as problem  # noqa: E402 - what both sides compute lies beside the recordings

GOLDEN = json.loads((FOLDER / "boxes.json").read_text())["matches"]
ANCHORS, BOXES = problem.anchors_and_boxes()


def batch(*images, crowd=()):
    """Lists of boxes, each with the class of its number, in eight places an image."""
    corners = np.zeros((len(images), 8, 4), np.float32)
    labels = np.full((len(images), 8), EMPTY, np.int64)
    for n, boxes in enumerate(images):
        corners[n, : len(boxes)], labels[n, : len(boxes)] = boxes, range(len(boxes))
    marks = np.zeros(labels.shape, np.bool_)
    for place in crowd:
        marks[place] = True
    return BoxBatch(corners, labels, marks)


@pytest.mark.parametrize(
    ("rescue", "bounds"),
    [("none", {"high": 0.5, "low": 0.3}), ("all", {"high": 0.7, "low": 0.3}), ("one", {"high": 0.5})],
)
def test_matches_are_those_of_torchvision(rescue, bounds):
    found = matched(batch(BOXES, BOXES[:0], BOXES[:1]), ANCHORS, **bounds, rescue=rescue)
    np.testing.assert_array_equal(found[0], GOLDEN[rescue])
    assert (found[1] == BACKGROUND).all() and set(found[2]) <= {0, BACKGROUND, BETWEEN}


def test_a_box_that_no_anchor_meets_is_given_none():
    """torchvision gives it every anchor that meets it as little as all others."""
    far = np.float32([[900, 900, 950, 950]])
    assert (matched(batch(far), ANCHORS, high=0.7, low=0.3, rescue="all") == BACKGROUND).all()


def test_no_anchor_is_to_find_a_crowd():
    found = matched(batch(BOXES, crowd=[(0, 2)]), ANCHORS, high=0.5, rescue="one")
    assert 2 not in found and {0, 1, 3, 4, 5, 6} <= set(found[0])


def test_an_anchor_on_a_crowd_is_neither_its_nor_background():
    """Half of an anchor within the crowd is enough, however little of the crowd that is."""
    crowd, thing = [0, 0, 100, 100], [200, 200, 220, 220]
    anchors = np.float32([[10, 10, 20, 20], [95, 0, 105, 10], [96, 0, 106, 10], [200, 200, 220, 220], [50, 50, 50, 60]])
    found = matched(batch([crowd, thing], [crowd], [thing], crowd=[(0, 0), (1, 0)]), anchors, high=0.5, rescue="one")
    assert found.tolist() == [
        [CROWD, CROWD, BACKGROUND, 1, BACKGROUND],
        [CROWD, CROWD, BACKGROUND, BACKGROUND, BACKGROUND],
        [BACKGROUND, BACKGROUND, BACKGROUND, 0, BACKGROUND],
    ]
    with_box, without = sampled(found, 5, 0.5, np.random.default_rng(0))
    assert not (with_box | without | hardest(np.ones((3, 5), np.float32), found, 3, least=5))[found == CROWD].any()


def test_an_anchor_that_finds_a_thing_within_a_crowd_learns_it():
    found = matched(
        batch([[0, 0, 100, 100], [10, 10, 30, 30]], crowd=[(0, 0)]), np.float32([[10, 10, 30, 28]]), high=0.5
    )
    assert found.tolist() == [[1]]


def test_anchors_of_each_image_are_looked_up_on_its_own_crowds():
    both = np.float32([[[0, 0, 9, 9]], [[50, 50, 60, 60]]])
    crowds = batch([[0, 0, 20, 20]], [[0, 0, 20, 20]], crowd=[(0, 0), (1, 0)])
    assert matched(crowds, both, high=0.5).tolist() == [[CROWD], [BACKGROUND]]


def test_each_image_may_have_anchors_of_its_own():
    both = matched(batch(BOXES, BOXES), np.stack([ANCHORS, ANCHORS[::-1]]), high=0.5)
    np.testing.assert_array_equal(both[0], both[1][::-1])


def test_matched_boxes_are_looked_up():
    places = matched(batch(BOXES), ANCHORS, high=0.5, rescue="one")
    corners, labels = matched_boxes(batch(BOXES), places)
    for a in np.flatnonzero(places[0] >= 0):
        np.testing.assert_array_equal(corners[0, a], BOXES[places[0, a]])
        assert labels[0, a] == places[0, a]


PLACES = np.array([[0, 1, 2, 3] + [BACKGROUND] * 12 + [BETWEEN] * 4, [0] + [BACKGROUND] * 3 + [BETWEEN] * 16])


def test_a_sample_has_its_share_of_boxes_and_is_filled_with_background(rng):
    with_box, without = sampled(PLACES, 8, 0.25, rng)
    assert with_box.sum(axis=1).tolist() == [2, 1] and without.sum(axis=1).tolist() == [6, 3]
    assert (PLACES[with_box] >= 0).all() and (PLACES[without] == BACKGROUND).all()


def test_samples_follow_from_the_generator():
    first, same, other = (sampled(PLACES, 8, 0.5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_each_may_be_drawn():
    rng = np.random.default_rng(0)
    drawn = sum(np.array(sampled(PLACES, 8, 0.5, rng)).astype(int) for _ in range(100))
    assert (drawn[0, 0, :4] == 100).all()  # four of four
    assert (drawn[1, 0, 4:16] > 10).all()  # four of twelve: 33 times each, by chance


def test_the_hardest_background_is_shown():
    losses = np.zeros((2, 20), np.float32)
    losses[:, :4], losses[:, 16:] = 9, 9  # boxes, and what is between: none of them
    losses[0, [5, 7, 9]] = 3, 1, 2
    marks = hardest(losses, PLACES, 0.5)
    assert np.flatnonzero(marks[0]).tolist() == [5, 9] and not marks[1].any()
    marks = hardest(losses, PLACES, 3, least=2)
    assert marks.sum(axis=1).tolist() == [12, 3]
    equal = hardest(np.zeros((2, 20), np.float32), PLACES, 0, least=2)
    assert np.flatnonzero(equal[0]).tolist() == [4, 5] and np.flatnonzero(equal[1]).tolist() == [1, 2]
