"""What is wrong with boxes."""

import numpy as np
import pytest

from cnnkit.metrics.detection import BoxErrors, FoundBoxes, TrueBoxes, box_errors

THING, FAR = (10.0, 10.0, 50.0, 50.0), (200.0, 200.0, 240.0, 240.0)
# Of THING, they overlap it by a third and by an eleventh or less.
NEAR, HARDLY = (30.0, 10.0, 70.0, 50.0), (45.0, 10.0, 85.0, 50.0)


def errors(found, true=((THING, 0, False),), classes=2):
    found, true = list(found), list(true)
    corners = [np.array([row[0] for row in rows], np.float64).reshape(-1, 4) for rows in (found, true)]
    labels = [np.array([row[1] for row in rows], np.int64) for rows in (found, true)]
    scores, crowd = np.array([row[2] for row in found], np.float64), np.array([row[2] for row in true], bool)
    return box_errors(FoundBoxes(corners[0], scores, labels[0]), TrueBoxes(corners[1], labels[1], crowd), classes)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([(THING, 0, 0.9)], [BoxErrors(right=1), BoxErrors()]),
        ([(THING, 0, 0.9), (THING, 0, 0.8)], [BoxErrors(right=1, doubled=1), BoxErrors()]),
        ([(THING, 1, 0.9)], [BoxErrors(), BoxErrors(wrong_class=1)]),
        ([(NEAR, 0, 0.9)], [BoxErrors(wrong_place=1), BoxErrors()]),
        ([(HARDLY, 0, 0.9)], [BoxErrors(background=1, missed=1), BoxErrors()]),
        ([(NEAR, 1, 0.9)], [BoxErrors(missed=1), BoxErrors(background=1)]),
        ([(FAR, 1, 0.9)], [BoxErrors(missed=1), BoxErrors(background=1)]),
        ([], [BoxErrors(missed=1), BoxErrors()]),
    ],
    ids=["right", "doubled", "class", "place", "hardly", "near another", "background", "missed"],
)
def test_each_error_has_its_name(found, expected):
    assert errors(found) == expected


def test_the_surer_box_is_right_whatever_the_order():
    told = errors([(NEAR, 0, 0.3), (THING, 0, 0.9)])
    assert told[0] == BoxErrors(right=1, wrong_place=1)


def test_of_two_things_each_has_its_box():
    beside = (14.0, 10.0, 54.0, 50.0)
    told = errors([(THING, 0, 0.9), (THING, 0, 0.8)], [(THING, 0, False), (beside, 0, False)])
    assert told[0] == BoxErrors(right=2)


def test_a_crowd_is_not_missed_and_what_is_around_it_is_not_counted():
    crowd = ((0.0, 0.0, 300.0, 300.0), 0, True)
    assert errors([(FAR, 0, 0.9)], [crowd]) == [BoxErrors(), BoxErrors()]
    assert errors([(FAR, 1, 0.9)], [crowd]) == [BoxErrors(), BoxErrors(background=1)]


def test_pictures_are_added_up():
    assert BoxErrors(right=1, missed=2) + BoxErrors(right=3, doubled=1) == BoxErrors(4, 1, 0, 0, 0, 2)
