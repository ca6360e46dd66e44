"""What the page of a run tells of masks and of boxes, with class names that would be markup."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cnnkit.data.load.batch import Batch
from cnnkit.engine.review.judged import Judged
from cnnkit.engine.review.review import glance
from cnnkit.engine.run.folder import Run
from cnnkit.metrics.detection import FoundBoxes, TrueBoxes, box_errors
from cnnkit.metrics.detection.errors import BoxErrors
from cnnkit.pages.page.blocks import files_of
from cnnkit.pages.report import detection, segmentation
from cnnkit.pages.report.report import drawn, page
from cnnkit.pages.report.section import Seen
from cnnkit.pages.texts import LANGUAGES, read
from cnnkit.tasks import DetectionTask, SegmentationTask

NAMES = ["<script>alert(1)</script>", "road", "never"]
ESCAPED = "&lt;script&gt;alert(1)"


def seen(folder, task, tally, language="en"):
    part = SimpleNamespace(classes=NAMES)
    judged = Judged(task.measured(tally, part), part, tally, task, "test", (), None, ())
    review = glance(Run(folder))
    return Seen(replace(review, papers=replace(review.papers, kind=type(task)), judged=judged), read(language))


@pytest.fixture
def masks():
    """Two pictures of 4x4 pixels: 16 pixels of the first class, of which 4 are taken for the second; no third one."""
    task = SegmentationTask(NAMES)
    truth, answers = np.zeros((2, 4, 4), np.uint8), np.zeros((2, 4, 4), int)
    truth[1], answers[1], answers[0, 0] = 1, 1, 1
    tally = task.whole_tally()
    logits = np.ascontiguousarray(6 * np.eye(3, dtype=np.float32)[answers])
    tally.add(logits, Batch(np.zeros((2, 4, 4, 3), np.float32), truth, np.arange(2)))
    return task, tally


@pytest.fixture
def boxes():
    """One picture: a thing of the first class that is found, and one of the second that is missed."""
    task = DetectionTask(NAMES)
    tally = task.whole_tally()
    true = TrueBoxes(np.array([[0.0, 0, 10, 10], [20, 20, 40, 40]]), np.array([0, 1]), np.zeros(2, bool))
    found = FoundBoxes(np.array([[0.0, 0, 10, 11]]), np.array([0.9]), np.array([0]))
    tally.coco.add(found, true)
    tally.voc.add(found, true)
    tally.errors = [a + b for a, b in zip(tally.errors, box_errors(found, true, 3), strict=True)]
    tally.pictures, tally.things = 1, 2
    return task, tally


def test_classes_of_masks_stand_by_iou_and_those_that_do_not_occur_are_left_out(tmp_path, masks):
    _, table, _ = segmentation.masks(seen(tmp_path, *masks))
    # 12 of 16 pixels hit, none wrongly added; then 16 hit and 4 too many.
    assert [row[0] for row in table.rows] == [NAMES[0], "road"]
    assert [row[1] for row in table.rows] == [("75.0 %", 0.75), ("80.0 %", 0.8)]


def test_confusions_of_pixels_are_told_with_their_share_of_the_class(tmp_path, masks):
    (group,) = segmentation.confusion(seen(tmp_path, *masks))
    assert group.blocks[1].rows == [(NAMES[0], "road", ("4", 4.0), ("25.0 %", 0.25))]


def test_classes_of_boxes_stand_by_average_precision_and_those_without_things_last(tmp_path, boxes):
    _, curves, _, table = detection.boxes(seen(tmp_path, *boxes))
    assert [row[0] for row in table.rows] == ["road", NAMES[0], "never"]
    assert [row[1][0] for row in table.rows] == ["0.0 %", "100.0 %", "-"]
    assert curves.blocks[0].file.count(b"<path") > 3


def test_errors_of_boxes_are_counted_for_each_class_and_for_all(tmp_path, boxes):
    _, table = detection.errors(seen(tmp_path, *boxes))
    told = {row[0]: [cell[1] for cell in row[1:]] for row in table.rows}
    assert told[NAMES[0]] == [1, 0, 0, 0, 0, 0] and told["road"] == [0, 0, 0, 0, 0, 1]
    assert told["all"] == [1, 0, 0, 0, 0, 1]
    assert set(BoxErrors.__dataclass_fields__) == set(detection.ERRORS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_are_on_the_page_in_each_language_and_names_are_escaped(tmp_path, masks, boxes, language):
    for (task, tally), title in ((masks, "masks"), (boxes, "boxes")):
        one = seen(tmp_path, task, tally, language)
        sections = drawn(one)
        text = page(one, sections)
        for section, blocks in sections:
            assert {name for name, _ in files_of(blocks)} <= set(section.pictures)
        assert one.words(f"{title}.title") in text and ESCAPED in text and NAMES[0] not in text
