"""The levels of augmentation, and what holds for all transforms alike."""

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnkit.data.sample import Sample
from cnnkit.data.transforms import colour, compose, crop, elastic, erase, flip, scale, things, window
from cnnkit.data.transforms.affine import rotate_scale_shear
from cnnkit.data.transforms.compose import augmentation, of_things, transform
from cnnkit.engine.records.options import AUGMENT, CHANGES
from cnnkit.errors import UsageError

# A new transform is one more row: its name and itself, as it is called.
TRANSFORMS = {
    "alternating_flip": flip.alternating_flip,
    "centre_crop": partial(crop.centre_crop, size=(1, 1)),
    "colour_jitter": partial(colour.colour_jitter, hue=0.5),
    "cutout": erase.cutout,
    "elastic": elastic.elastic,
    "erase": partial(erase.erase, p=1.0),
    "horizontal_flip": flip.horizontal_flip,
    "padded_random_crop": crop.padded_random_crop,
    "quarter_turn": flip.quarter_turn,
    "random_resized_crop": scale.random_resized_crop,
    "resize": partial(scale.resize, size=(5, 3)),
    "rotate_scale_shear": rotate_scale_shear,
    "shift": crop.shift,
    "vertical_flip": flip.vertical_flip,
    "iou_crop": things.iou_crop,
    "window": partial(window.window, size=(7, 1), fill=(0,), scale=(0.6, 2.0)),
}
RESIZING = {"centre_crop": (1, 1), "resize": (5, 3), "window": (7, 1)}
images = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.integers(0, 2**32))


@pytest.mark.parametrize("name", TRANSFORMS)
@given(image=images, turn=st.integers(0, 1), mirrored=st.booleans())
def test_a_transform_is_pure_and_keeps_all_but_the_pixels(name, image, turn, mirrored):
    H, W, C, seed = image
    pixels = np.random.default_rng(seed).integers(0, 256, (H, W, C), np.uint8)
    before = pixels.copy()
    # What came before in the list may have left a view.
    sample = Sample(pixels[:, ::-1] if mirrored else pixels, 3, turn=turn)
    one, other = (TRANSFORMS[name](sample, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(pixels, before)
    assert one.image.shape == (*RESIZING.get(name, (H, W)), C) and one.image.dtype == np.uint8
    assert (one.target, one.path, one.turn) == (3, None, turn)


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_even_grey_image_stays_even(name, level):
    """Nothing is drawn in from outside: borders repeat, holes are filled with the mean."""
    sample = Sample(np.full((12, 9, 3), level, np.uint8), 0, turn=1)
    for seed in range(20):
        image = TRANSFORMS[name](sample, np.random.default_rng(seed)).image
        # Colours of YIQ are known to three digits: grey comes back within 255 · 0.001, rounded.
        assert np.ptp(image.astype(int)) <= (1 if name == "colour_jitter" else 0)


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("level", AUGMENT)
@pytest.mark.parametrize("shape", [(28, 28, 1), (9, 17, 3), (1, 1, 1), (100, 120, 3), (96, 96, 1)])
def test_a_level_keeps_shape_and_label(level, mirror, shape, rng):
    sample = Sample(rng.integers(0, 256, shape, np.uint8), 3, turn=1)
    steps = augmentation(level, mirror=mirror, image_size=shape[:2])
    result = transform(sample, list(steps.values()), rng)
    assert result.image.shape == shape and result.image.dtype == np.uint8 and result.target == 3
    assert bool(steps) == (level != "none")


@pytest.mark.parametrize("size", [(28, 28), (224, 224)])
def test_digits_are_never_mirrored(size):
    for level in ("light", "standard", "strong"):
        assert "flip" not in augmentation(level, mirror=False, image_size=size)
        assert augmentation(level, mirror=True, image_size=size)["flip"] is flip.alternating_flip


def test_small_photos_are_moved_and_large_ones_cut():
    """CIFAR's standard is that of the residual networks' paper, and nothing else."""
    small = augmentation("standard", mirror=True, image_size=(32, 32))
    assert list(small.values()) == [flip.alternating_flip, crop.padded_random_crop]
    for size in [(96, 96), (96, 400)]:
        assert augmentation("standard", mirror=True, image_size=size)["crop"] is compose.GENTLE_CROP
    assert augmentation("standard", mirror=True, image_size=(95, 400))["crop"] is not compose.GENTLE_CROP


def test_levels_are_what_they_were():
    """In this order, for every change draws from the same numbers: an older run goes on with the same images."""
    move, cut, turn, jitter = crop.shift, crop.padded_random_crop, rotate_scale_shear, compose.STRONG_JITTER
    gentle, wide, mirror = compose.GENTLE_CROP, compose.WIDE_CROP, flip.alternating_flip
    expected = {
        (True, 32): [[], [mirror, move], [mirror, cut], [mirror, cut, turn, jitter, erase.erase]],
        (True, 96): [
            [],
            [gentle, mirror],
            [gentle, compose.MILD_JITTER, mirror],
            [wide, jitter, erase.erase, mirror],
        ],
        (False, 32): [[], [move], [turn, move], [turn, move, erase.erase]],
    }
    for (mirrored, side), lists in expected.items():
        found = [augmentation(level, mirror=mirrored, image_size=(side, side)) for level in AUGMENT]
        assert [list(changes.values()) for changes in found] == lists


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("side", [28, 128])
@pytest.mark.parametrize("level", AUGMENT)
def test_each_change_is_made_or_left_out_whatever_the_level_says(level, side, mirror, rng):
    own = augmentation(level, mirror=mirror, image_size=(side, side))
    sample = Sample(rng.integers(0, 256, (side, side, 3), np.uint8), 0, turn=1)
    for name in CHANGES:
        with_it, without = (
            augmentation(level, {name: made}, mirror=mirror, image_size=(side, side)) for made in (True, False)
        )
        assert with_it.keys() == own.keys() | {name} and without.keys() == own.keys() - {name}
        assert all(with_it[other] is own[other] for other in own)
        transform(sample, list(with_it.values()), rng)
    assert not augmentation(level, dict.fromkeys(CHANGES, False), mirror=mirror, image_size=(side, side))


def test_patches_of_things_take_the_place_of_a_level_s_own_crop():
    """Ground first, then the patch, then what the level does to any image."""
    size = {"mirror": True, "image_size": (96, 96)}
    made = augmentation("light", things=of_things(("iou_crop", "expand"), (9, 9, 9)), **size)
    assert [*made] == ["expand", "iou_crop", "flip"] and made["expand"].keywords == {"fill": (9, 9, 9)}
    both = augmentation("light", {"crop": True}, things=of_things(("iou_crop",), (9, 9, 9)), **size)
    assert [*both] == ["iou_crop", "crop", "flip"]
    ground = augmentation("light", things=of_things(("expand", "mosaic"), (9, 9, 9)), **size)
    assert [*ground] == ["expand", "crop", "flip"]


def test_an_unknown_level_is_named():
    with pytest.raises(UsageError, match="Did you mean 'standard'"):
        augmentation("standart", mirror=True, image_size=(32, 32))
    with pytest.raises(UsageError, match="Did you mean 'flip'"):
        augmentation("light", {"flips": True}, mirror=True, image_size=(32, 32))
