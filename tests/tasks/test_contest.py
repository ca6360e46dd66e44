"""Several networks on the same images: each has the metric of its evaluation, whatever the order of its classes."""

import numpy as np
import pytest

from cnnkit.data.load.batch import Batch
from cnnkit.metrics import mcnemar, mean_iou
from cnnkit.metrics.detection import BoxErrors, FoundBoxes, TrueBoxes, VocScore
from cnnkit.tasks import ClassificationTask, DetectionTask, SegmentationTask
from cnnkit.tasks.detection.tally import Judged

NAMES = ["sky", "road", "tree"]
# The same classes as another network has them, and the place of each of ours among them.
TURNED = ["tree", "sky", "road"]
SAME = np.arange(3)
PLACE = np.array([TURNED.index(name) for name in NAMES])


def logits_of(answers, classes):
    return np.ascontiguousarray(6 * np.eye(classes, dtype=np.float32)[answers])


def classified(labels, answers, names=NAMES):
    tally = ClassificationTask(names).whole_tally()
    tally.add(
        logits_of(answers, 3), Batch(np.zeros((len(labels), 2, 2, 1), np.float32), labels, np.arange(len(labels)))
    )
    return tally


def test_classifiers_are_compared_image_by_image():
    labels = np.array([0, 1, 2, 0, 1, 2])
    ours = classified(labels, np.array([0, 1, 2, 0, 1, 0]))
    theirs = classified(PLACE[labels[::-1]], PLACE[np.array([2, 1, 1, 0, 2, 1])], TURNED)
    contest = ClassificationTask(NAMES).contest([ours, theirs], [[0, 1, 2, 3], [5, 4, 3, 2]])
    assert contest.values == [1.0, 0.0]
    found = contest.compared(0, 1)
    assert (found.only_first, found.only_second, found.p_value) == (4, 0, mcnemar(4, 0))


def drawn(seed, names=NAMES, place=SAME):
    """A tally of five pictures of 6x6 pixels, some of them void, and what it should say."""
    rng = np.random.default_rng(seed)
    truth = np.random.default_rng(1).integers(0, 3, (5, 6, 6)).astype(np.uint8)
    answers = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(0, 3, truth.shape))
    masks = place[truth].astype(np.uint8)
    masks[:, 0, 0] = 255
    tally = SegmentationTask(names).whole_tally()
    tally.add(logits_of(place[answers], 3), Batch(np.zeros((5, 6, 6, 3), np.float32), masks, np.arange(5)))
    return tally


def test_masks_have_the_miou_of_their_evaluation_and_classes_are_matched_by_name():
    ours, theirs = drawn(2), drawn(3, TURNED, PLACE)
    contest = SegmentationTask(NAMES).contest([ours, theirs], [range(5), range(5)])
    assert contest.values == pytest.approx([mean_iou(ours.confusion), mean_iou(theirs.confusion)], abs=1e-12)
    assert contest.compared(0, 1) == contest.compared(0, 1) and contest.compared(0, 1).test == "permutation"
    same = SegmentationTask(NAMES).contest([ours, drawn(2, TURNED, PLACE)], [range(5), range(5)])
    found = same.compared(0, 1)
    assert (found.p_value, found.low, found.high) == (1, 0, 0) and found.first == found.second


def boxed(seed, names=NAMES, place=SAME):
    """A tally of eight pictures with three things each, some of which are found; and their mAP."""
    rng, there = np.random.default_rng(seed), np.random.default_rng(1)
    tally, score = DetectionTask(names).whole_tally(), VocScore(3)
    for index in range(8):
        corner = there.uniform(0, 50, (3, 2))
        corners = np.concatenate([corner, corner + 20], axis=1)
        true = TrueBoxes(corners, place[there.integers(0, 3, 3)], np.zeros(3, bool))
        near = corners + rng.normal(0, 3, (3, 4))
        found = FoundBoxes(near, rng.random(3), np.where(rng.random(3) < 0.8, true.labels, 0))
        score.add(found, true)
        tally.judged.append(Judged(index, found, true, BoxErrors()))
    return tally, score.mean()


def test_boxes_have_the_map_of_their_evaluation_and_classes_are_matched_by_name():
    (ours, expected), (theirs, of_others) = boxed(2), boxed(3, TURNED, PLACE)
    contest = DetectionTask(NAMES).contest([ours, theirs], [range(8), range(8)])
    assert contest.values == pytest.approx([expected, of_others], abs=1e-12)
    found = contest.compared(0, 1)
    assert found.exact and found.low <= found.first - found.second <= found.high
