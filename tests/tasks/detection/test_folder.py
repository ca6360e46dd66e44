"""Pictures in files are judged in their own pixels, and their boxes written under the numbers of their own file."""

import numpy as np
import pytest
from data.box_files import BOXES, FORMS, HEIGHT, WIDTH

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.source import open_data
from cnnkit.data.sets.relabelled import Relabelled
from cnnkit.tasks.detection import DetectionTask

SIDE = 32


def judged(part, classes):
    """A tally of answers that are just right, in pixels of the images."""
    task = DetectionTask(classes)
    tally = task.whole_tally()
    for batch in Loader(part, 4, preprocessing=part.preprocessing, targets=task.targets).epoch(0):
        boxes = batch.targets.batch
        outputs = np.zeros((*boxes.labels.shape, 6), np.float32)
        outputs[..., :4], outputs[..., 4], outputs[..., 5] = boxes.corners, boxes.labels >= 0, boxes.labels
        tally.add(outputs, batch)
    return task, tally


@pytest.mark.parametrize("form", FORMS)
def test_right_answers_are_right_whatever_size_the_network_reads(tmp_path, form):
    """A picture of 60x40 pixels in a letterbox of 32x32; one of its boxes is half a pixel wide there."""
    splits = open_data(FORMS[form](tmp_path), image_size=(SIDE, SIDE))
    for name in ("train", "val"):
        task, tally = judged(splits.part(name), splits.classes)
        measured = task.measured(tally, splits.part(name))
        assert measured.map50 == 1.0 and measured.map == pytest.approx(1.0, abs=1e-12)
        assert measured.errors.right == measured.things and measured.errors.missed == 0
    sizes = {tuple(truth.view.size) for truth in task.targets([splits.val[0]]).pictures}
    assert sizes == {(HEIGHT, WIDTH)}


def test_sizes_of_things_are_those_in_the_picture(tmp_path):
    """The cat that fills a picture of 60x40 pixels is of medium size, though its image has but 32x32."""
    splits = open_data(FORMS["coco"](tmp_path), image_size=(SIDE, SIDE))
    task, tally = judged(splits.train, splits.classes)
    measured = task.measured(tally, splits.train)
    areas = [(x1 - x0) * (y1 - y0) for rows in BOXES["train"].values() for _, x0, y0, x1, y1, _ in rows]
    assert max(areas) > 32**2 > min(areas) and measured.ap_medium == measured.ap_small == pytest.approx(1.0)
    assert measured.ap_large is None


def test_boxes_are_written_under_the_numbers_of_the_data(tmp_path):
    splits = open_data(FORMS["coco"](tmp_path), image_size=(SIDE, SIDE))
    task, tally = judged(splits.train, splits.classes)
    rows = task.saved(tally, splits.train)
    assert [(row["image_id"], row["category_id"]) for row in rows] == [(0, 7), (0, 3), (10, 3)]
    # A box comes back from the image to a few millionths of a pixel.
    assert rows[0]["bbox"] == pytest.approx([4, 5, 20, 30], abs=1e-4)


def test_a_network_that_counts_classes_in_another_order_is_judged_by_their_names(tmp_path):
    splits = open_data(FORMS["coco"](tmp_path), image_size=(SIDE, SIDE))
    part = Relabelled(splits.train, ["bird", "dog", "cat"])
    task, tally = judged(part, part.classes)
    assert task.measured(tally, part).map50 == 1.0
    rows = task.saved(tally, part)
    assert [(row["image_id"], row["category_id"]) for row in rows] == [(0, 7), (0, 3), (10, 3)]


def test_pictures_without_numbers_are_numbered_from_1_on(tmp_path):
    splits = open_data(FORMS["voc"](tmp_path), image_size=(SIDE, SIDE))
    task, tally = judged(splits.train, splits.classes)
    rows = task.saved(tally, splits.train)
    assert [(row["image_id"], row["category_id"]) for row in rows] == [(1, 2), (1, 1), (2, 1)]
