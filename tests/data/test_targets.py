import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.synthetic import synthetic
from cnnkit.data.targets import Boxes, Mask
from cnnkit.errors import ShapeError

PIXELS = np.zeros((3, 4), np.uint8)
CORNERS = np.array([[0, 0, 4, 3], [1, 1, 2, 2]], np.float32)
LABELS = np.array([0, 1])


class One(Dataset):
    def __init__(self, target):
        self.name, self.classes, self.mirror = "one", ["a", "b"], False
        self.preprocessing, self.target = synthetic(1).preprocessing, target

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return Sample(np.zeros((3, 4, 1), np.uint8), self.target)

    def labels(self):
        return np.zeros(1, np.int64)

    def fingerprint(self):
        return ""


@pytest.mark.parametrize("labels", [PIXELS.astype(np.int64), PIXELS[..., None]])
def test_a_mask_is_bytes_in_two_axes(labels):
    with pytest.raises(ShapeError, match=r"A mask is uint8 \(height, width\), but this one is "):
        Mask(labels)


@pytest.mark.parametrize(
    ("corners", "labels"),
    [
        (CORNERS.astype(np.float64), LABELS),
        (CORNERS[:1], LABELS),
        (CORNERS[0], LABELS),
        (CORNERS, LABELS / 1),
    ],
)
def test_boxes_are_four_numbers_and_a_label_each(corners, labels):
    with pytest.raises(ShapeError, match=r"boxes are float32 \(\d, 4\) with int64 labels, but these are float"):
        Boxes(corners, labels)


@pytest.mark.parametrize("crowd", [np.zeros(3, bool), np.zeros((2, 1), bool), np.zeros(2, np.int64)])
def test_which_boxes_are_around_a_crowd_is_a_word_each(crowd):
    with pytest.raises(ShapeError, match=r"Which of 2 boxes are around a crowd is bool \(2,\), but this is "):
        Boxes(CORNERS, LABELS, crowd)


def test_some_of_the_boxes_keep_what_is_said_of_them():
    assert Boxes(CORNERS, LABELS).crowd.tolist() == [False, False]
    some = Boxes(CORNERS, LABELS, np.array([False, True])).chosen(np.array([1]))
    assert (some.corners.tolist(), some.labels.tolist(), some.crowd.tolist()) == ([[1, 1, 2, 2]], [1], [True])


def test_the_mark_of_a_sample_changes_with_its_target():
    changed = PIXELS.copy()
    changed[2, 3] = 1
    targets = [
        0,
        1,
        0.5,
        Mask(PIXELS),
        Mask(changed),
        Mask(PIXELS.T),
        Boxes(CORNERS, LABELS),
        Boxes(CORNERS, 1 - LABELS),
        Boxes(CORNERS, LABELS, LABELS == 1),
    ]
    marks = [One(target).mark(0) for target in targets]
    assert len(set(marks)) == len(marks) and marks == [One(target).mark(0) for target in targets]
