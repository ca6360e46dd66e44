"""Selective search: it finds things in drawn and in real pictures, and always the same boxes."""

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cnnkit import kernels
from cnnkit.errors import ShapeError
from cnnkit.kernels import cpu
from cnnkit.models.detection.proposals import QUALITY, Strategies, selective_search

SMALL = Strategies(ks=(20,), least=4)
# What the photos show, as shared/data/README.md lists it.
PHOTOS = {
    "dog.jpg": [(454, 76, 685, 182), (126, 230, 361, 512), (255, 189, 582, 423)],
    "person.jpg": [(183, 88, 270, 379), (74, 260, 212, 353), (422, 141, 582, 320)],
    "horses.jpg": [(415, 213, 599, 345), (0, 182, 375, 416)],
    "eagle.jpg": [(217, 89, 591, 444)],
    "giraffe.jpg": [(161, 0, 415, 442), (311, 210, 414, 440)],
    "cat.jpg": [(168, 10, 362, 364)],
    "astronaut.png": [(17, 65, 365, 504)],
    "coffee.png": [(166, 20, 410, 266)],
}


def scene(H, W, things, rng, noise=6):
    """Coloured rectangles on a ground of another colour, with noise."""
    picture = np.full((H, W, 3), (90, 120, 60), np.float64)
    for (x0, y0, x1, y1), colour in things:
        picture[y0:y1, x0:x1] = colour
    return np.clip(picture + rng.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def overlaps(boxes, truth):
    """(truth, boxes) of intersection over union."""
    return cpu.box_iou(np.float32(truth), boxes)


THINGS = [((10, 8, 34, 30), (200, 60, 50)), ((50, 20, 70, 56), (40, 60, 200)), ((12, 40, 40, 56), (220, 210, 90))]


@pytest.fixture
def drawn(rng):
    return scene(64, 80, THINGS, rng)


def test_things_of_one_colour_are_found(drawn):
    boxes = selective_search(drawn, SMALL)
    assert overlaps(boxes, [box for box, _ in THINGS]).max(axis=1).min() > 0.9


def test_more_ways_of_merging_find_more_boxes(drawn):
    """Each colour space and each set of measures of the paper's thorough search adds some of its own."""
    few, more = Strategies(("lab",), (20,), least=4), replace(QUALITY, ks=(20,), least=4)
    found = [{tuple(box) for box in selective_search(drawn, strategies)} for strategies in (few, more)]
    assert found[0] < found[1] and len(found[1]) > 1.5 * len(found[0])


def test_boxes_are_distinct_within_the_picture_and_no_smaller_than_asked(drawn):
    boxes = selective_search(drawn, SMALL)
    assert boxes.dtype == np.float32 and len(np.unique(boxes, axis=0)) == len(boxes) > 10
    assert boxes.min() >= 0 and (boxes[:, 2] <= 80).all() and (boxes[:, 3] <= 64).all()
    assert (boxes[:, 2:] - boxes[:, :2]).min() >= 4
    assert (boxes == (0, 0, 80, 64)).all(axis=1).any(), "the whole picture is one"


def test_a_seed_decides_the_order_and_nothing_else(drawn):
    first, again, other = (selective_search(drawn, SMALL, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    np.testing.assert_array_equal(np.unique(first, axis=0), np.unique(other, axis=0))


def test_large_boxes_come_first(drawn):
    areas = np.prod(selective_search(drawn, SMALL)[:, 2:] - selective_search(drawn, SMALL)[:, :2], axis=1)
    half = len(areas) // 2
    assert areas[:half].mean() > 1.5 * areas[half:].mean()


def test_threads_and_backends_find_the_same_boxes(drawn):
    picture = drawn[::2, ::2]
    with kernels.use(threads=1):
        one = selective_search(picture, SMALL)
    assert len(one) > 10
    for how in ({"threads": 3}, {"backend": "reference"}):
        with kernels.use(**how):
            np.testing.assert_array_equal(selective_search(picture, SMALL), one)


def test_a_large_picture_is_searched_smaller_and_answered_in_its_own_pixels(rng):
    things = [((130, 90, 430, 380), (200, 60, 50))]
    picture = scene(600, 800, things, rng)
    boxes = selective_search(picture, Strategies(ks=(100,), longest=200))
    assert overlaps(boxes, [things[0][0]]).max() > 0.9
    assert boxes[:, 2].max() == 800 and boxes[:, 3].max() == 600


def test_grey_is_searched_as_a_picture_whose_channels_are_equal(drawn):
    grey = drawn[:, :, :1]
    np.testing.assert_array_equal(selective_search(grey, SMALL), selective_search(np.repeat(grey, 3, axis=2), SMALL))


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 300, 3), (19, 19, 1)])
def test_a_picture_smaller_than_a_box_may_be_has_none(shape):
    assert selective_search(np.zeros(shape, np.uint8)).shape == (0, 4)


def test_a_plain_picture_is_one_box():
    assert selective_search(np.full((30, 40, 3), 7, np.uint8)).tolist() == [[0, 0, 40, 30]]


@pytest.mark.parametrize("bad", [np.zeros((4, 4)), np.zeros((4, 4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_picture_is_refused(bad):
    with pytest.raises(ShapeError, match="A picture is uint8"):
        selective_search(bad)


@pytest.mark.slow
def test_the_things_on_the_photos_are_found(shared):
    """The bounds leave room for another order of rounding: found are all, and the best boxes overlap by 0.81."""
    best = []
    for name, truth in PHOTOS.items():
        picture = np.asarray(Image.open(shared / "data" / "photos" / name).convert("RGB"))
        best.extend(overlaps(selective_search(picture), truth).max(axis=1))
    assert np.mean(np.array(best) >= 0.5) >= 0.9 and np.mean(best) > 0.75


@pytest.mark.slow
def test_blood_cells_are_found(shared):
    """Every 24th picture of BCCD. Found: 0.94, with 1,500 boxes a picture; the smallest, platelets, are hardest."""
    found, counts = [], []
    for path in sorted((shared / "data" / "bccd").rglob("Annotations/*.xml"))[::24]:
        corners = [
            [float(box.findtext(side, "")) for side in ("xmin", "ymin", "xmax", "ymax")]
            for box in ElementTree.parse(path).iter("bndbox")
        ]
        picture = np.asarray(Image.open(next(path.parents[1].glob(f"JPEGImages/{path.stem}.*"))).convert("RGB"))
        boxes = selective_search(picture)
        counts.append(len(boxes))
        found.extend(overlaps(boxes, [c for c in corners if c[2] > c[0]]).max(axis=1) >= 0.5)
    assert len(found) > 150 and np.mean(found) > 0.9 and np.mean(counts) < 2000
