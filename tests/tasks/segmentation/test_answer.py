"""A mask in the picture's own pixels, from scores of the image's pixels."""

import json

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.targets import VOID
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import View, view
from cnnkit.errors import ShapeError
from cnnkit.tasks.segmentation import answer
from cnnkit.tasks.segmentation.answer import labels_back, segmented

CLASSES, COLOURS = ["sky", "road", "car"], [(0, 0, 255), (90, 90, 90), (255, 0, 0)]


def one_hot(labels):
    return np.eye(3, dtype=np.float32)[labels]


def test_where_a_picture_kept_its_size_the_best_class_of_each_pixel_is_the_mask(rng):
    scores = rng.standard_normal((2, 9, 11, 3)).astype(np.float32)
    seen = View((1.0, 1.0), (0.0, 0.0), (7, 10))
    whole, cut = segmented(scores, [None, seen], CLASSES, COLOURS)
    np.testing.assert_array_equal(whole.mask, scores[0].argmax(2))
    np.testing.assert_array_equal(cut.mask, scores[1, :7, :10].argmax(2))


def test_bands_of_rows_do_not_show(rng, monkeypatch):
    scores = rng.standard_normal((9, 11, 3)).astype(np.float32)
    for seen in (None, View((0.4, 0.3), (0.5, -1.0), (21, 30))):
        whole = labels_back(scores, seen)
        monkeypatch.setattr(answer, "BAND_BYTES", 700)
        np.testing.assert_array_equal(labels_back(scores, seen), whole)
        monkeypatch.undo()


def test_scores_are_interpolated_before_they_are_compared():
    """A slanted edge: scores 1 - s and s, where s is linear in place. The edge is where s = 1/2, in any resolution."""

    def slope(H, W):
        y, x = np.mgrid[0:H, 0:W] + 0.5
        return (x / W + 0.3 * y / H) / 1.3

    small, large = slope(20, 24), slope(200, 240)
    mask = labels_back(np.stack([1 - small, small], 2).astype(np.float32), View((0.1, 0.1), (0.0, 0.0), (200, 240)))
    sure = np.abs(large - 0.5) > 1e-6
    inner = np.zeros_like(sure)
    inner[5:-5, 5:-5] = True  # outside the first and last centres there is nothing to interpolate between
    assert (mask == (large > 0.5))[sure & inner].all()


@pytest.mark.parametrize("fit", ["crop", "stretch", "letterbox"])
def test_a_mask_drawn_in_the_image_comes_back_to_its_place_in_the_picture(fit):
    picture = np.zeros((120, 200, 3), np.uint8)
    picture[30:75, 60:150] = 255
    pixels, seen = view(Image.fromarray(picture), Preprocessing(64, 64, 3, (0.0,) * 3, (1.0,) * 3, fit))
    bright = pixels[:, :, 0] / np.float32(255)
    mask = labels_back(np.stack([1 - bright, bright], 2), seen)
    saw = mask != VOID
    # "crop" sees the middle 120 columns of 200; the others see all.
    assert saw.all() if fit != "crop" else saw[:, 41:159].all() and not saw[:, :40].any() and not saw[:, 160:].any()
    wrong = (mask == 1) != (picture[:, :, 0] > 0)
    # The edge may be a pixel of the image off, which is up to 200 / 64 of the picture.
    edge = np.zeros_like(wrong)
    edge[26:79, 56:154], edge[34:71, 64:146] = True, False
    assert not wrong[saw & ~edge].any()


def test_labels_that_were_chosen_before_come_back_by_the_nearest(rng):
    labels = rng.integers(0, 3, (8, 8)).astype(np.uint8)
    assert labels_back(labels, View((1.0, 1.0), (0.0, 0.0), (8, 7))).tolist() == labels[:, :7].tolist()
    doubled = labels_back(labels, View((0.5, 0.5), (0.0, 0.0), (16, 16)))
    np.testing.assert_array_equal(doubled, labels.repeat(2, 0).repeat(2, 1))


def test_shares_are_of_what_the_network_saw_and_json_has_no_pixels():
    labels = np.array([[0, 0, 1, 2], [0, 0, 1, 1]])
    seen = View((1.0, 1.0), (0.0, -2.0), (2, 8))
    [said] = segmented(one_hot(labels)[None], [seen], CLASSES, COLOURS)
    np.testing.assert_array_equal(said.mask, np.pad(labels, ((0, 0), (2, 2)), constant_values=VOID))
    assert said.label == "sky" and said.share == 0.5 and said.unseen == 0.5
    assert json.loads(json.dumps(said.to_record())) == {
        "label": "sky",
        "share": 0.5,
        "height": 2,
        "width": 8,
        "unseen": 0.5,
        "crf": False,
        "shares": {"sky": 0.5, "road": 0.375, "car": 0.125},
    }


def test_outputs_without_a_score_for_each_class_are_refused():
    with pytest.raises(ShapeError, match="scores of 3 classes"):
        segmented(np.zeros((1, 4, 4, 2), np.float32), [None], CLASSES, COLOURS)
    with pytest.raises(ShapeError, match="scores of 3 classes"):
        segmented(np.zeros((1, 3), np.float32), [None], CLASSES, COLOURS)
