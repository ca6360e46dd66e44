"""Images and masks in an .npz file: named as images and labels are, and read by the rules of arrays in memory."""

import numpy as np
import pytest

from cnnkit.data.given.parts import given_parts
from cnnkit.data.open.arrays import open_arrays
from cnnkit.data.open.source import open_data
from cnnkit.data.targets import VOID
from cnnkit.errors import DataError, UsageError


@pytest.fixture
def saved(tmp_path):
    """Write an .npz file of these arrays."""

    def save(**arrays):
        np.savez(tmp_path / "arrays.npz", **arrays)
        return tmp_path / "arrays.npz"

    return save


@pytest.fixture
def images(rng):
    return rng.integers(0, 256, (20, 12, 16, 3)).astype(np.uint8)


@pytest.fixture
def masks(rng):
    return rng.integers(0, 3, (20, 12, 16)).astype(np.uint8)


def values(dataset):
    return set(np.unique([dataset[i].target.labels for i in range(len(dataset))]).tolist())


def test_masks_are_known_by_their_shape_and_are_those_that_python_reads(saved, images, masks):
    masks[0, 0] = VOID
    splits, same = open_data(saved(x_train=images, y_train=masks)), open_arrays(given_parts((images, masks)))
    assert (splits.task, splits.classes, splits.colours) == ("segmentation", ["0", "1", "2"], same.colours)
    assert splits.fingerprint() == same.fingerprint() and splits.preprocessing == same.preprocessing
    assert splits.preprocessing.keeps_size and "12x16 RGB with masks" in splits.found


@pytest.mark.parametrize("names", ["train_images train_masks test_images test_masks", "x_train y_train x_test y_test"])
def test_parts_have_their_usual_names(saved, images, masks, names):
    splits = open_data(saved(**dict(zip(names.split(), (images, masks, images[:6], masks[:6]), strict=True))))
    assert [len(splits.train), len(splits.val), len(splits.test)] == [18, 2, 6] and not splits.notes
    np.testing.assert_array_equal(splits.test[3].target.labels, masks[3])


def test_masks_beside_labels_are_not_used(saved, images, masks):
    splits = open_data(saved(images=images, labels=np.arange(20) % 2, masks=masks))
    assert splits.task == "classification" and "Not used: masks in arrays.npz." in splits.notes


def test_an_array_may_say_the_parts_and_another_one_name_the_classes(saved, images, masks):
    split = np.array(["train"] * 12 + ["val"] * 4 + ["test"] * 4)
    path = saved(images=images, masks=masks, split=split, classes=["sky", "road", "car"])
    splits = open_data(path)
    assert [len(splits.train), len(splits.val), len(splits.test)] == [12, 4, 4]
    assert splits.classes == ["sky", "road", "car"] and not splits.notes
    np.testing.assert_array_equal(splits.test[0].target.labels, masks[16])
    two = open_data(saved(images=images, masks=np.array([0, 255, 255])[masks], classes=["cell", "wall"]))
    assert values(two.train) == {0, 1}


def test_values_that_are_to_be_ignored_are_void(saved, images, masks):
    splits = open_data(saved(images=images, masks=masks), ignore="2")
    assert splits.classes == ["0", "1"] and values(splits.train) == {0, 1, VOID}
    masks[0, 0] = VOID
    with pytest.raises(UsageError, match="--ignore is none, but in arrays 255 is always void"):
        open_data(saved(images=images, masks=masks), ignore="none")


def test_the_image_size_is_the_window_that_training_sees(saved, images, masks):
    path = saved(images=images, masks=masks)
    assert open_data(path, image_size=(8, 8)).preprocessing.shape == (8, 8, 3)
    with pytest.raises(UsageError, match="--fit is for pictures in files"):
        open_data(path, fit="crop")
    # A network that brings pictures to one size reads these only where they have it.
    like = {"like": (8, 8, 3), "like_fit": "letterbox"}
    assert open_data(path, **like, learn=False).preprocessing.shape == (12, 16, 3)


def test_masks_without_names_are_those_of_the_network_that_they_judge(saved, images, masks):
    path = saved(images=images, masks=masks % 2)
    judged = open_data(path, learn=False, network=["sky", "road", "car"])
    assert judged.classes == ["sky", "road", "car"] and values(judged.train) == {0, 1}
    with pytest.raises(DataError, match="A mask holds 1, which is none of the 1 classes"):
        open_data(path, learn=False, network=["sky"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda m: m[:, :6], r"arrays.npz: masks is uint8 \(20, 6, 16\), but masks for images are \(20, 12, 16\)"),
        (lambda m: m[:19], "holds 20 images, but masks 19"),
        (lambda m: m * 1.5, "expected whole numbers, the classes from 0 to 254"),
        (lambda m: m.astype(int) - 1, "expected whole numbers, the classes from 0 to 254"),
        (lambda m: m.astype(int) * 200, "expected whole numbers, the classes from 0 to 254"),
        (lambda m: m * 0, "of one class"),
        (lambda m: m[..., None], r"Masks of one channel are written as \(n, H, W\) by masks\[..., 0\]"),
        (lambda m: np.eye(3)[m], r"One-hot masks are written as numbers by masks.argmax\(axis=3\)"),
    ],
)
def test_what_is_no_mask_is_refused(saved, images, masks, change, said):
    with pytest.raises(DataError, match=said):
        open_data(saved(images=images, masks=change(masks)))


def test_parts_of_two_kinds_are_refused(saved, images, masks):
    with pytest.raises(DataError, match=r"y_test is int64 \(20,\), but masks for x_test are"):
        open_data(saved(x_train=images, y_train=masks, x_test=images, y_test=np.arange(20)))
    with pytest.raises(DataError, match=r"y_train is int64 \(20,\), but masks for x_train are"):
        open_data(saved(x_train=images, y_train=np.arange(20) % 2, x_test=images, y_test=masks))


def test_a_task_that_is_asked_for_by_name_is_told_by_the_arrays(saved, images, masks):
    assert open_data(saved(images=images, masks=masks), task="segmentation").task == "segmentation"
    assert open_data(saved(images=images, labels=np.arange(20) % 2), task="segmentation").task == "classification"
