"""What a change does to an image it does to its mask and to its boxes."""

from functools import partial

import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.targets import VOID, Boxes, Mask
from cnnkit.data.transforms import affine, colour, crop, elastic, erase, flip, scale, things, window

WHOLE_PIXELS = {
    "mirror": partial(flip.horizontal_flip, p=1.0),
    "upside down": partial(flip.vertical_flip, p=1.0),
    "alternating": flip.alternating_flip,
    "quarter turn": flip.quarter_turn,
    "middle": partial(crop.centre_crop, size=(31, 40)),
    "shift": partial(crop.shift, share=1 / 4),
    "padded crop": partial(crop.padded_random_crop, share=1 / 4),
    "window": partial(window.window, size=(40, 60), fill=(0,)),
}
RESAMPLED = {
    "turn": partial(affine.rotate_scale_shear, degrees=40.0, scale=0.3, shear=0.3),
    "smaller": partial(scale.resize, size=(37, 29)),
    "larger": partial(scale.resize, size=(50, 111)),
    "rectangle": partial(scale.random_resized_crop, scale=(0.3, 0.8)),
    "bent": partial(elastic.elastic, share=1 / 20),
    "patch": things.iou_crop,
    "window of any scale": partial(window.window, size=(40, 60), fill=(0,), scale=(0.5, 2.0)),
}
OF_PIXELS = {"colour": colour.colour_jitter, "erase": partial(erase.erase, p=1.0), "cutout": erase.cutout}
FULL = 200


def blots(rng, size=(44, 52)):
    """An image of blots, 0 and FULL, that is its own mask: 7x7 pixels at least."""
    coarse = rng.integers(0, 2, (-(-size[0] // 7), -(-size[1] // 7)), np.uint8) * FULL
    labels = coarse.repeat(7, 0).repeat(7, 1)[: size[0], : size[1]].copy()
    return Sample(labels[..., None].copy(), Mask(labels), turn=1)


@pytest.mark.parametrize("name", WHOLE_PIXELS)
def test_a_mask_moves_with_its_image_by_whole_pixels(name, rng):
    for _ in range(10):
        new = WHOLE_PIXELS[name](blots(rng), rng)
        image, labels = new.image[..., 0], new.target.labels
        assert labels.shape == image.shape
        inside = labels != VOID
        np.testing.assert_array_equal(image[inside], labels[inside])
        assert inside.mean() > 0.5


@pytest.mark.parametrize("name", RESAMPLED)
def test_a_mask_moves_with_its_image_between_pixels(name, rng):
    for _ in range(10):
        new = RESAMPLED[name](blots(rng), rng)
        image, labels = new.image[..., 0], new.target.labels
        # The nearest pixel gives at least a quarter of a bilinear one: more than three quarters are of its kind.
        sure = (labels != VOID) & ((image > 0.76 * FULL) | (image < 0.24 * FULL))
        np.testing.assert_array_equal(labels[sure], np.where(image > FULL / 2, FULL, 0)[sure])
        assert sure.mean() > 0.4


@pytest.mark.parametrize("name", [*WHOLE_PIXELS, *RESAMPLED])
def test_boxes_lie_where_the_marked_pixels_are(name, rng):
    change = (WHOLE_PIXELS | RESAMPLED)[name]
    seen = 0
    for _ in range(20):
        left, top = rng.integers(16, 24), rng.integers(14, 20)
        image = np.zeros((44, 52, 1), np.uint8)
        image[top : top + 10, left : left + 12] = 255
        corners = np.array([[left, top, left + 12, top + 10]], np.float32)
        new = change(Sample(image, Boxes(corners, np.array([5])), turn=1), rng)
        marked = new.image[..., 0] > 127
        if len(new.target.labels) == 0 or not marked.any():
            continue
        seen += 1
        rows, columns = np.flatnonzero(marked.any(1)), np.flatnonzero(marked.any(0))
        around = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        # Half a pixel where a side falls between two; of a turned box half of the tip's pixels are above the middle.
        most = 0 if name in WHOLE_PIXELS else {"turn": 2, "bent": 1}.get(name, 0.6)
        np.testing.assert_allclose(new.target.corners[0], around, rtol=0, atol=most)
        assert new.target.labels.tolist() == [5]
    assert seen > 10


@pytest.mark.parametrize("name", OF_PIXELS)
def test_what_changes_pixels_leaves_the_target_alone(name, rng):
    sample = blots(rng)
    new = OF_PIXELS[name](sample, rng)
    assert new.target is sample.target and not np.array_equal(new.image, sample.image)


@pytest.mark.parametrize("name", [*WHOLE_PIXELS, *RESAMPLED])
def test_the_target_changes_no_pixel(name):
    change = (WHOLE_PIXELS | RESAMPLED)[name]
    sample = blots(np.random.default_rng(1))
    with_mask, with_class = (change(s, np.random.default_rng(2)) for s in (sample, sample.replace(target=3)))
    np.testing.assert_array_equal(with_mask.image, with_class.image)
    assert with_class.target == 3
