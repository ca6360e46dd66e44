"""Patches and ground around pictures, by the things in them."""

import numpy as np
import pytest

from cnnkit.data.sample import Sample
from cnnkit.data.targets import Boxes
from cnnkit.data.transforms import things

H, W = 200, 240
CORNERS = np.float32([[20, 30, 80, 90], [150, 40, 230, 120], [60, 130, 100, 190]])


def picture():
    """Each pixel of which tells its own place: x in the first channel, y in the second."""
    y, x = np.mgrid[:H, :W]
    return Sample(np.stack([x, y, x * 0], axis=2).astype(np.uint8), Boxes(CORNERS, np.array([3, 1, 2])), turn=1)


def patch_of(image):
    """x_min, y_min, x_max, y_max of what is shown, read from its corners; right to a pixel or two."""
    return np.array([image[0, 0, 0], image[0, 0, 1], image[-1, -1, 0] + 1, image[-1, -1, 1] + 1], float)


def iou(a, b):
    shared = np.maximum(np.minimum(a[..., 2:], b[2:]) - np.maximum(a[..., :2], b[:2]), 0).prod(-1)
    return shared / ((a[..., 2:] - a[..., :2]).prod(-1) + (b[2:] - b[:2]).prod() - shared)


@pytest.mark.parametrize("least", [0.0, 0.1, 0.3, 0.5])
def test_a_patch_overlaps_a_thing_and_keeps_those_whose_middles_it_holds(least, monkeypatch, rng):
    monkeypatch.setattr(things, "OVERLAPS", (least,))
    changed, middles = 0, (CORNERS[:, :2] + CORNERS[:, 2:]) / 2
    for _ in range(40):
        sample = picture()
        new = things.iou_crop(sample, rng)
        if new is sample:
            continue
        changed += 1
        patch = patch_of(new.image)
        clear = (np.abs(middles[:, None] - patch.reshape(2, 2)) > 2).all(axis=(1, 2))
        inside = ((middles > patch[:2]) & (middles < patch[2:])).all(axis=1)
        labels = new.target.labels.tolist()
        for label, is_clear, is_inside in zip([3, 1, 2], clear, inside, strict=True):
            assert not is_clear or (label in labels) == is_inside
        assert iou(CORNERS, patch)[[[3, 1, 2].index(label) for label in labels]].max() >= least - 0.03
        # Back in the picture each box is its own, cut to the patch.
        scale = (patch[2:] - patch[:2]) / [W, H]
        back = new.target.corners.reshape(-1, 2, 2) * scale + patch[:2]
        own = np.clip(
            CORNERS[[[3, 1, 2].index(label) for label in labels]], np.tile(patch[:2], 2), np.tile(patch[2:], 2)
        )
        np.testing.assert_allclose(back.reshape(-1, 4), own, rtol=0, atol=2.5)
    # Where half of a thing's union is asked for, patches are rare: most of the tries end with the whole picture.
    assert changed > (5 if least == 0.5 else 25)


def test_the_whole_is_shown_where_it_is_drawn_or_nothing_is_there(monkeypatch, rng):
    empty = picture().replace(target=Boxes(np.zeros((0, 4), np.float32), np.zeros(0, np.int64)))
    assert all(things.iou_crop(empty, rng) is empty for _ in range(20))
    monkeypatch.setattr(things, "OVERLAPS", (1.0,))
    sample = picture()
    assert all(things.iou_crop(sample, rng) is sample for _ in range(20))


def test_every_other_picture_is_expanded_and_its_boxes_shrink_with_it(rng):
    whole = 0
    for _ in range(60):
        sample = picture().replace(image=np.full((H, W, 3), 200, np.uint8))
        new = things.expand(sample, rng, fill=(9, 8, 7))
        if new is sample:
            whole += 1
            continue
        there = (new.image == 200).all(axis=2)
        assert (new.image[~there] == (9, 8, 7)).all()
        rows, columns = np.flatnonzero(there.any(1)), np.flatnonzero(there.any(0))
        h, w = len(rows), len(columns)
        assert H / 4 - 1 <= h <= H and there.sum() == h * w
        expected = CORNERS * np.float32([w / W, h / H] * 2) + [columns[0], rows[0]] * 2
        np.testing.assert_allclose(new.target.corners, expected, rtol=0, atol=1e-3)
        assert new.target.labels.tolist() == [3, 1, 2]
    assert 15 < whole < 45
