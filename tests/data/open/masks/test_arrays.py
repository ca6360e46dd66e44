"""Images and masks in arrays: classes by their numbers, void, windows, a training and its judgement."""

import numpy as np
import pytest
from tasks.segmentation.toy import squares

import cnnkit
from cnnkit.data.given.parts import given_parts
from cnnkit.data.open.arrays import open_arrays, open_to_judge
from cnnkit.data.targets import VOID
from cnnkit.errors import DataError


def opened(*arrays, **asked):
    return open_arrays(given_parts(arrays), **asked)


@pytest.fixture
def arrays(rng):
    images = rng.integers(0, 256, (20, 12, 16, 3)).astype(np.uint8)
    return images, rng.integers(0, 3, (20, 12, 16)).astype(np.uint8)


def test_masks_are_known_by_their_shape(arrays):
    images, masks = arrays
    masks[0, 0] = VOID
    splits = opened(images, masks)
    assert (splits.task, splits.classes, len(splits.colours)) == ("segmentation", ["0", "1", "2"], 3)
    assert splits.preprocessing.shape == (12, 16, 3) and splits.preprocessing.keeps_size
    first = next(i for i in range(len(splits.train)) if (splits.train[i].target.labels == VOID).any())
    assert (splits.train[first].target.labels == masks[0]).all() and (splits.train[first].image == images[0]).all()
    assert len(splits.train) + len(splits.val) + len(splits.test) == 20
    assert opened(images, masks).fingerprint() == splits.fingerprint() != opened(images, masks[::-1]).fingerprint()


def test_numbers_with_gaps_name_their_classes_and_0_and_255_are_two(arrays):
    images, masks = arrays
    gaps = opened(images, np.array([0, 7, 26])[masks])
    assert gaps.classes == ["0", "7", "26"] and "The masks hold the numbers 0, 7, 26" in gaps.notes[0]
    assert set(np.unique(gaps.train[0].target.labels)) == {0, 1, 2}
    two = opened(images, np.array([0, 255, 255])[masks])
    assert two.classes == ["0", "255"] and set(np.unique(two.train[0].target.labels)) == {0, 1}
    assert opened(images, masks == 1).classes == ["0", "1"]


def test_large_images_are_seen_by_windows():
    images = np.zeros((6, 8, 600), np.uint8)
    masks = np.arange(6 * 8 * 600).reshape(6, 8, 600) % 2
    assert opened(images, masks).preprocessing.shape == (256, 256, 1)
    assert opened(images, masks, image_size=(8, 64)).preprocessing.shape == (8, 64, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m[:, :6], r"masks for X are \(20, 12, 16\)"),
        (lambda m: m * 1.5, "expected whole numbers"),
        (lambda m: m.astype(int) - 1, "expected whole numbers"),
        (lambda m: m.astype(int) * 200, "expected whole numbers"),
        (lambda m: m * 0, "of one class"),
    ],
)
def test_what_is_no_mask_is_refused(arrays, change, said):
    images, masks = arrays
    with pytest.raises(DataError, match=said):
        opened(images, change(masks))


def test_a_network_judges_arrays_by_the_places_of_its_classes(arrays):
    images, masks = arrays
    judge = open_to_judge(given_parts((images, masks)), ["sky", "road", "car"], lambda image: image, 255)
    assert judge.classes == ["sky", "road", "car"] and (judge.test[3].target.labels == masks[3]).all()
    named = open_to_judge(
        given_parts((images, np.array([0, 7, 26])[masks])), ["0", "7", "26"], lambda image: image, 255
    )
    assert (named.test[3].target.labels == masks[3]).all()
    with pytest.raises(DataError, match="A mask holds 2, which is none of the 2 classes"):
        open_to_judge(given_parts((images, masks)), ["sky", "road"], lambda image: image, 255)


def test_arrays_are_learned_judged_and_gone_on_with(tmp_path):
    train = squares().train
    x = np.stack([train[i].image for i in range(24)])
    y = np.stack([train[i].target.labels for i in range(24)])
    asked = {"model": "toy_fcn", "lr": 0.05, "batch_size": 5, "augment": "none"}
    result = cnnkit.fit((x, y), **asked, epochs=3, output=str(tmp_path / "run"))
    assert result.task == "segmentation"
    assert cnnkit.evaluate(result, (x, y)).miou == result.miou
    assert cnnkit.fit((x, y), resume_from=result, epochs=4).epochs == 4
