"""Boxes drawn over their picture."""

import numpy as np

from cnnkit.data.picture.boxes import bright_colours, with_boxes

RED, BLUE = (255, 0, 0), (0, 0, 255)


def drawn(corners, texts=None, colours=None, size=(120, 160, 3), **options):
    corners = np.array(corners, np.float32).reshape(-1, 4)
    picture = np.full(size, 128, np.uint8)
    texts, colours = texts or [""] * len(corners), colours or [RED] * len(corners)
    image = with_boxes(picture, corners, texts, colours, **options)
    assert (picture == 128).all(), "the picture itself stays"
    return np.asarray(image)


def test_the_line_is_the_outermost_of_the_pixels_of_the_box():
    image = drawn([[20, 30, 60, 90]])
    red = (image == RED).all(axis=2)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) == (20, 30, 60, 90)
    assert not red[31:89, 21:59].any() and (image[~red] == 128).all()


def test_lines_and_texts_grow_with_the_picture():
    large = drawn([[200, 300, 1000, 900]], ["dog 97 %"], size=(1200, 1600, 3))
    small = drawn([[20, 30, 100, 90]], ["dog 97 %"])
    red = [(image == RED).all(axis=2) for image in (large, small)]
    assert red[0][600].sum() == 2 * 6 and red[1][60].sum() == 2
    assert red[0].sum() > 20 * red[1].sum()


def test_the_surest_box_lies_over_the_others_and_broken_lines_have_gaps():
    both = drawn([[20, 30, 60, 90], [20, 30, 60, 90]], colours=[RED, BLUE])
    assert (both[30, 20:60] == RED).all()
    broken = (drawn([[20, 30, 60, 90]], dashed=[True])[30, 20:60] == RED).all(axis=1)
    assert 0.4 < broken.mean() < 0.7 and broken[0]


def test_a_text_stays_in_the_picture_and_off_other_texts():
    """At the upper edge it goes into its box; two boxes of one place have their texts apart; a box may be tiny."""
    tags = []
    for corners in ([[0, 0, 40, 40]], [[150, 110, 160, 120]], [[20, 40, 60, 90], [20, 40, 60, 90]], [[159, 0, 160, 1]]):
        image = drawn(corners, ["bicycle 47 %"] * len(corners), [RED, BLUE][: len(corners)])
        assert image.shape == (120, 160, 3)
        for colour in (RED, BLUE)[: len(corners)]:
            tags.append((image == colour).all(axis=2).sum())
    assert all(pixels > 400 for pixels in tags), "each has a ground of its own, which nothing covers"


def test_a_text_hides_no_small_box_beside_its_own():
    """Above the large box lies a small one, and in a small box a text would cover it all."""
    image = drawn([[40, 60, 140, 115], [50, 46, 62, 58]], ["cell 97 %", ""], [RED, BLUE])
    assert (image[46, 50:62] == BLUE).all() and (image[57, 50:62] == BLUE).all()
    assert (image[60:76, 40:80] == RED).all(axis=2).sum() > 300, "the text lies in its box"
    small = drawn([[50, 0, 62, 12]], ["cell 97 %"])
    assert (small[1:11, 51:61] == 128).all(), "at the upper edge the text is below"


def test_a_grey_picture_is_drawn_over_in_colour_and_without_boxes_stays():
    image = drawn([[2, 2, 8, 8]], size=(10, 10, 1))
    assert image.shape == (10, 10, 3) and tuple(image[2, 2]) == RED
    assert (drawn([]) == 128).all()


def test_colours_of_classes_differ_and_are_bright():
    colours = np.array(bright_colours(80))
    assert len(np.unique(colours, axis=0)) == 80 and colours.max(axis=1).min() > 180
    assert bright_colours(3) == bright_colours(80)[:3]
    apart = np.abs(colours[:8, None] - colours[None, :8]).max(axis=2)
    assert apart[~np.eye(8, dtype=bool)].min() > 60
