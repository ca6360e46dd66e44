"""COCO's twelve numbers are those of pycocotools, to the last digit."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from metrics.detection.drawn import score_of

from cnnkit.metrics.detection import TWELVE, CocoScore, FoundBoxes, TrueBoxes

GOLDEN = Path(__file__).parents[2] / "golden"
sys.path.insert(0, str(GOLDEN))

from box_cases import case  # noqa: E402 - what both sides draw lies beside what one has recorded

RECORDED = json.loads((GOLDEN / "coco_scores.json").read_text())
# A perfect precision is 1 - 2**-52, see `coco._precision`.
PERFECT = pytest.approx(1.0, abs=1e-15)
THING = [10.0, 10.0, 50.0, 50.0]


@pytest.fixture(scope="module")
def cases():
    return [case(number) for number in range(len(RECORDED))]


def boxes(*rows):
    """Of class 0: corners and a score each."""
    rows = np.array(rows, np.float64).reshape(-1, 5)
    return FoundBoxes(rows[:, :4], rows[:, 4], np.zeros(len(rows), np.int64))


def things(*corners, crowd=()):
    crowds = np.array(crowd or [False] * len(corners), bool)
    return TrueBoxes(np.array(corners, np.float64).reshape(-1, 4), np.zeros(len(corners), np.int64), crowds)


def scored(*pictures, classes=1):
    score = CocoScore(classes)
    for found, true in pictures:
        score.add(found, true)
    return score.values()


def test_the_twelve_numbers_are_those_of_pycocotools_to_the_last_digit(cases):
    """Ties, crowds, areas of masks, ranges, no answers, no things, more than 100 boxes of a class: box_cases.py."""
    for number, (drawn, recorded) in enumerate(zip(cases, RECORDED, strict=True)):
        ours = score_of(drawn).values()
        assert tuple(ours) == TWELVE
        assert [-1.0 if value is None else value for value in ours.values()] == recorded, number


def test_the_cases_hold_what_is_hard(cases):
    pictures = [picture for drawn in cases for picture in drawn["pictures"]]
    assert any(len(picture["found"]) > 100 for picture in pictures)
    assert any(not picture["found"] and picture["true"] for picture in pictures)
    assert any(not picture["true"] and picture["found"] for picture in pictures)
    assert any(row[5] for picture in pictures for row in picture["true"])
    assert any(len({row[5] for row in picture["found"]}) < len(picture["found"]) for picture in pictures)
    assert all(any(recorded[k] == -1 for recorded in RECORDED) for k in range(12))
    assert all(any(0 < recorded[k] < 1 for recorded in RECORDED) for k in range(12))


def test_a_thing_that_is_found_exactly_counts_at_every_overlap():
    values = scored((boxes([*THING, 0.9]), things(THING)))
    assert [values[name] for name in ("map", "ap50", "ap75", "ap_medium")] == [PERFECT] * 4 and values["ar1"] == 1.0
    assert values["ap_small"] is None and values["ap_large"] is None


def test_a_second_box_around_a_thing_is_wrong_but_behind_it_costs_nothing():
    pair = boxes([*THING, 0.9], [*THING, 0.8])
    assert scored((pair, things(THING)))["map"] == PERFECT
    # With one more to be found behind the wrong one, precision is 1 up to half of them, then 2/3: 51 and 50 of 101.
    other = [100.0, 100.0, 140.0, 140.0]
    found = boxes([*THING, 0.9], [*THING, 0.8], [*other, 0.7])
    assert scored((found, things(THING, other)))["map"] == pytest.approx((51 + 50 * 2 / 3) / 101, rel=1e-12)


def test_a_crowd_takes_any_number_of_boxes_and_is_not_missed():
    crowd, inside = [0.0, 0.0, 200.0, 200.0], [20.0, 20.0, 40.0, 40.0]
    found = boxes([*inside, 0.9], [*inside, 0.8], [300.0, 300.0, 340.0, 340.0, 0.7])
    assert scored((found, things(crowd, [300.0, 300.0, 340.0, 340.0], crowd=[True, False])))["map"] == PERFECT
    assert scored((boxes(), things(crowd, crowd=[True])))["map"] is None


def test_beyond_a_hundred_boxes_of_a_class_none_counts():
    wrong = [[*(np.array(THING) + 200), 0.9]] * 100
    assert scored((boxes(*wrong, [*THING, 0.1]), things(THING)))["map"] == 0.0
    assert scored((boxes(*wrong[:99], [*THING, 0.1]), things(THING)))["map"] == pytest.approx(0.01, rel=1e-12)


def test_classes_that_are_nowhere_do_not_count_and_those_without_an_answer_do():
    score = CocoScore(3)
    there = TrueBoxes(np.array([THING, THING]), np.array([0, 2]), np.zeros(2, bool))
    score.add(FoundBoxes(np.array([THING]), np.array([0.5]), np.array([0])), there)
    curves = score.curves()
    assert [curves.of_class(k) for k in range(3)] == [PERFECT, None, 0.0] and score.values()["map"] == pytest.approx(
        0.5, abs=1e-15
    )
    assert curves.curve(0).tolist() == [PERFECT] * 101 and (curves.curve(1) == -1).all()
