import numpy as np
import pytest
from PIL import Image

from cnnkit.data.picture.overlay import BAND, below, border, legend, overlay, painted
from cnnkit.data.targets import VOID

COLOURS = [(200, 0, 0), (0, 0, 0), (0, 100, 255)]


def halves(H, W, left=0, right=2):
    labels = np.full((H, W), left, np.uint8)
    labels[:, W // 2 :] = right
    return labels


def test_each_class_tints_the_picture_in_its_colour(rng):
    picture = rng.integers(0, 256, (BAND + 3, 20, 3), np.uint8)
    drawing = overlay(picture, halves(BAND + 3, 20), COLOURS, opacity=0.25)
    assert drawing.shape == picture.shape and drawing.dtype == np.uint8
    for columns, colour in ((slice(0, 9), COLOURS[0]), (slice(11, 20), COLOURS[2])):
        expected = 0.75 * picture[:, columns] + 0.25 * np.array(colour)
        # A half is rounded up here and to the even number there.
        np.testing.assert_allclose(drawing[:, columns], expected, rtol=0, atol=0.51)


def test_along_the_border_of_a_class_lies_a_line_of_its_lightened_colour():
    drawing = overlay(np.full((8, 20, 3), 40, np.uint8), halves(8, 20), COLOURS)
    left, right = drawing[3, 9].astype(int), drawing[3, 10].astype(int)
    assert left.argmax() == 0 and left[0] > drawing[3, 4, 0] and left[1] > drawing[3, 4, 1]
    assert right.argmax() == 2 and right[0] > drawing[3, 14, 0]
    np.testing.assert_array_equal(drawing[:, :9], np.broadcast_to(drawing[0, 0], (8, 9, 3)))


@pytest.mark.parametrize("label", [VOID, 1, 7], ids=["void", "black, the background", "without a colour"])
def test_what_is_not_drawn_leaves_the_picture_as_it_is(label, rng):
    picture = rng.integers(0, 256, (30, 20, 3), np.uint8)
    drawing = overlay(picture, halves(30, 20, right=label), COLOURS)
    np.testing.assert_array_equal(drawing[:, 10:], picture[:, 10:])
    assert not np.array_equal(drawing[:, :10], picture[:, :10])


def test_opacity_goes_from_the_picture_alone_to_the_mask_alone(rng):
    picture, labels = rng.integers(0, 256, (9, 9, 3), np.uint8), np.zeros((9, 9), np.uint8)
    np.testing.assert_array_equal(overlay(picture, labels, COLOURS, opacity=0.0), picture)
    np.testing.assert_array_equal(overlay(picture, labels, COLOURS, opacity=1.0), painted(labels, COLOURS))


def test_a_grey_picture_is_drawn_in_colour(rng):
    grey = rng.integers(0, 256, (12, 10, 1), np.uint8)
    labels = halves(12, 10)
    np.testing.assert_array_equal(overlay(grey, labels, COLOURS), overlay(grey.repeat(3, axis=2), labels, COLOURS))


def test_a_painted_mask_is_white_where_it_is_void():
    labels = np.array([[0, 1], [2, VOID]], np.uint8)
    assert painted(labels, COLOURS).tolist() == [[[200, 0, 0], [0, 0, 0]], [[0, 100, 255], [255, 255, 255]]]


def test_a_border_is_so_many_pixels_wide_on_both_sides():
    labels = np.zeros((9, 9), np.uint8)
    labels[3:, :] = 4
    for width in (1, 2, 3):
        assert np.flatnonzero(border(labels, width).all(axis=1)).tolist() == list(range(3 - width, 3 + width))
        np.testing.assert_array_equal(border(labels.T, width), border(labels, width).T)
    assert not border(np.zeros((1, 1), np.uint8), 3).any()


def test_a_legend_shows_each_class_and_keeps_to_its_width():
    names = ["road", "a class of a very long name, longer than the whole legend is wide", "car", "sky"]
    colours = [(200, 10, 10), (10, 200, 10), (10, 10, 200), (120, 130, 140)]
    for width in (60, 120, 500):
        sheet = legend(names, colours, width)
        assert sheet.width == width
        pixels = np.asarray(sheet).reshape(-1, 3)
        assert all((pixels == colour).all(axis=1).sum() > 50 for colour in colours)
    assert legend(names, colours, 60).height > legend(names, colours, 500).height


def test_a_strip_lies_below_its_picture():
    picture = Image.fromarray(np.full((10, 30, 3), 7, np.uint8))
    both = np.asarray(below(picture, legend(["a"], [(1, 2, 3)], 50)))
    assert both.shape[1] == 50 and (both[:10, :30] == 7).all() and (both[:10, 30:] == 255).all()
