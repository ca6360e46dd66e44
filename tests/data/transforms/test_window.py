from functools import partial

import numpy as np
import pytest

from cnnkit.data.load.collate import sizes_of
from cnnkit.data.load.loader import Loader
from cnnkit.data.sample import Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import VOID, Mask
from cnnkit.data.transforms.compose import SCALES, augmentation, transform
from cnnkit.data.transforms.window import window
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.records.options import AUGMENT
from cnnkit.errors import UsageError

FILL = (10, 20, 30)


def gradient(H, W):
    """Red tells the row, green the column, and the mask the 8x8 pixels around a place."""
    y, x = np.mgrid[:H, :W]
    image = np.stack([y, x, np.zeros((H, W), int)], axis=2).astype(np.uint8)
    return Sample(image, Mask((y // 8 * 10 + x // 8).astype(np.uint8)))


def test_a_picture_of_the_windows_size_is_shown_as_it_is(rng):
    sample = gradient(40, 30)
    new = window(sample, rng, (40, 30), FILL)
    np.testing.assert_array_equal(new.image, sample.image)
    np.testing.assert_array_equal(new.target.labels, sample.target.labels)


def test_windows_of_a_large_picture_are_cut_from_all_of_its_places(rng):
    sample, corners = gradient(12, 11), set()
    for _ in range(200):
        new = window(sample, rng, (10, 8), FILL)
        top, left, _ = new.image[0, 0].tolist()
        np.testing.assert_array_equal(new.image, sample.image[top : top + 10, left : left + 8])
        np.testing.assert_array_equal(new.target.labels, sample.target.labels[top : top + 10, left : left + 8])
        corners.add((top, left))
    assert corners == {(top, left) for top in range(3) for left in range(4)}


def test_a_small_picture_lies_in_the_window_with_void_around_it(rng):
    sample, places = gradient(6, 20), set()
    for _ in range(100):
        new = window(sample, rng, (8, 10), FILL)
        inside = new.target.labels != VOID
        rows = np.flatnonzero(inside.any(axis=1))
        assert len(rows) == 6 and inside[rows].all()
        assert (new.image[~inside] == FILL).all()
        left = int(new.image[rows[0], 0, 1])
        np.testing.assert_array_equal(new.image[rows], sample.image[:, left : left + 10])
        places.add(int(rows[0]))
    assert places == {0, 1, 2}


def test_both_scales_are_drawn_and_the_mask_keeps_to_its_picture(rng):
    sample, steps = gradient(96, 80), []
    for _ in range(60):
        new = window(sample, rng, (64, 64), FILL, scale=SCALES)
        labels, (red, green, _) = new.target.labels, new.image.astype(float).transpose(2, 0, 1)
        inside = labels != VOID
        # A place is right to a pixel of the picture; near an edge of the mask's squares it may fall to either side.
        sure = inside & (abs(red % 8 - 3.5) < 2.5) & (abs(green % 8 - 3.5) < 2.5)
        assert sure.any()
        np.testing.assert_array_equal(labels[sure], (red // 8 * 10 + green // 8)[sure])
        rows = np.flatnonzero(inside.any(axis=1))
        steps.append((red[rows[-1]].max() - red[rows[0]].min()) / (len(rows) - 1))
    # Rows of the picture a row of the window: from 1 / 2 to 1 / 0.5.
    assert 0.45 < min(steps) < 0.6 and 1.6 < max(steps) < 2.1


@pytest.mark.parametrize("level", AUGMENT)
def test_each_level_shows_windows_whatever_the_pictures_size(level, rng):
    changes = augmentation(level, mirror=True, image_size=(32, 48), fill=FILL)
    assert ("window" in changes) != ("crop" in changes)
    assert next(iter(changes)) in ("window", "crop")
    for size in ((32, 48), (20, 100), (77, 31)):
        new = transform(gradient(*size), list(changes.values()), rng)
        assert new.image.shape == (32, 48, 3) and new.target.labels.shape == (32, 48)


def test_without_a_crop_windows_have_the_pictures_scale():
    changes = augmentation("strong", {"crop": False}, mirror=True, image_size=(32, 32), fill=FILL)
    assert isinstance(changes["window"], partial) and "scale" not in changes["window"].keywords


def test_nothing_is_erased_from_pictures_with_masks():
    for level in AUGMENT:
        assert "erase" not in augmentation(level, {"erase": False}, mirror=True, image_size=(32, 32), fill=FILL)
        with pytest.raises(UsageError, match="--erase is for images with a class each"):
            augmentation(level, {"erase": True}, mirror=True, image_size=(32, 32), fill=FILL)


class Gradients(Dataset):
    """Pictures of three sizes, each as it was decoded."""

    name, classes, mirror, task, labelled, as_decoded = "gradients", ["a"], True, "segmentation", False, True
    preprocessing = Preprocessing(24, 24, 3, (0.5,) * 3, (0.25,) * 3, "keep")
    sizes = ((24, 24), (40, 20), (10, 60))

    def __len__(self):
        return 9

    def __getitem__(self, index):
        return gradient(*self.sizes[index % 3])

    def fingerprint(self):
        return ""


def masks(samples):
    return [sample.target.labels.shape for sample in samples]


def stacked_masks(samples):
    return np.stack([sample.target.labels for sample in samples])


def test_a_training_sees_windows_and_a_judge_whole_pictures():
    (batch,) = Loader(Gradients(), 9, shuffle=True, windows=True, targets=masks, prefetch=0).epoch(0)
    assert batch.x.shape == (9, 24, 24, 3) and batch.sizes is None and batch.targets == [(24, 24)] * 9
    judged = [batch.targets[0] for batch in Loader(Gradients(), 1, targets=masks, prefetch=0).epoch(0)]
    assert judged == [Gradients.sizes[index % 3] for index in range(9)]
    sample = Loader(Gradients(), 1, windows=True).sample(2, 0)
    assert sizes_of([sample]).tolist() == [[24, 24]]
    # What lies around a small picture is 0 to the network.
    outside = sample.target.labels == VOID
    assert outside.any() and (sample.image[outside] == 128).all()


@pytest.mark.parametrize("level", ["none", "strong"])
def test_windows_hang_on_seed_epoch_and_picture_alone(level):
    """Not on threads, nor on where an epoch is begun: so a run that goes on sees what it would have seen."""
    choices = {"seed": 3, "shuffle": True, "augment": level, "windows": True, "targets": stacked_masks}
    whole = list(Loader(Gradients(), 2, prefetch=0, **choices).epoch(1))
    later = list(Loader(Gradients(), 2, workers=3, **choices).epoch(1, start=2))
    assert len(later) == len(whole) - 2
    for one, other in zip(whole[2:], later, strict=True):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.targets, other.targets)
    again = next(Loader(Gradients(), 2, prefetch=0, **choices).epoch(2))
    assert not np.array_equal(again.x, whole[0].x)
