"""Boxes of the shapes: the same pictures as with masks, each box as tight as its shape is seen."""

import numpy as np

from cnnkit.data.open.source import open_data
from cnnkit.data.sets.boxes.shapes import ShapeBoxes
from cnnkit.data.sets.masks.shapes import ShapeMasks
from cnnkit.data.sets.shapes import KINDS


def test_shapes_open_with_boxes_where_detection_is_asked_for():
    splits = open_data("shapes", task="detection", image_size=(40, 56), grey=True)
    assert (splits.task, splits.train.labelled, splits.classes) == ("detection", False, list(KINDS))
    assert [len(splits.part(part)) for part in ("train", "val", "test")] == [240, 40, 60]
    assert splits.train[0].image.shape == (40, 56, 1) == splits.preprocessing.shape
    assert (splits.preprocessing.fit, open_data("shapes").preprocessing.fit) == ("letterbox", "keep")
    assert open_data("shapes", task="detection", fit="stretch").preprocessing.fit == "stretch"


def test_a_box_is_the_smallest_around_what_the_mask_shows_of_a_class():
    boxes, masks = ShapeBoxes("val", (48, 80)), ShapeMasks("val", (48, 80))
    alone = 0
    for index in range(len(boxes)):
        found, mask = boxes[index], masks[index]
        np.testing.assert_array_equal(found.image, mask.image)
        target = found.target
        assert not target.crowd.any() and set(target.labels + 1) == set(np.unique(mask.target.labels)) - {0}
        for kind in set(target.labels):
            own = target.corners[target.labels == kind]
            y, x = np.nonzero(mask.target.labels == kind + 1)
            around = [x.min(), y.min(), x.max() + 1, y.max() + 1]
            # Of several of one kind the mask tells the union alone.
            assert [*own[:, :2].min(axis=0), *own[:, 2:].max(axis=0)] == around
            alone += len(own) == 1
    assert alone > 40


def test_a_picture_with_boxes_is_another_sample_than_with_a_mask():
    one, again = ShapeBoxes("train"), ShapeBoxes("train")
    assert one.mark(3) == again.mark(3) != ShapeMasks("train").mark(3)
    assert one.fingerprint() == again.fingerprint() != ShapeMasks("train").fingerprint()
