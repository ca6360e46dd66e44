import contextlib
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.source import open_data
from cnnkit.data.sets import npz
from cnnkit.errors import DataError, UsageError

LABELS = np.arange(20) % 2


@pytest.fixture
def saved(tmp_path):
    """Write an .npz file of these arrays."""

    def save(**arrays):
        np.savez(tmp_path / "arrays.npz", **arrays)
        return tmp_path / "arrays.npz"

    return save


def pixels(n=20, shape=(6, 8, 3), seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), np.uint8)


def test_the_names_of_keras(saved):
    x, test = pixels(), pixels(6, seed=1)
    splits = open_data(saved(x_train=x, y_train=LABELS, x_test=test, y_test=LABELS[:6, None].astype(np.uint8)))
    assert [len(splits.train), len(splits.val), len(splits.test)] == [18, 2, 6]
    assert splits.name == "arrays" and splits.classes == ["0", "1"] and splits.mirror
    np.testing.assert_array_equal(splits.test.images, test)
    assert splits.test.labels().dtype == np.int64 and splits.preprocessing.shape == (6, 8, 3)
    assert next(Loader(splits.train, 4).epoch(0)).x.shape == (4, 6, 8, 3)


def test_the_names_of_medmnist(saved):
    arrays = {}
    for part, n in (("train", 20), ("val", 6), ("test", 8)):
        arrays |= {f"{part}_images": pixels(n, (6, 8)), f"{part}_labels": LABELS[:n, None]}
    splits = open_data(saved(**arrays))
    assert [len(splits.train), len(splits.val), len(splits.test)] == [20, 6, 8]
    assert splits.preprocessing.shape == (6, 8, 1) and not splits.notes


def test_one_pair_of_arrays_is_split_by_its_own_array_or_by_the_seed(saved):
    split = np.array(["train"] * 12 + ["val"] * 4 + ["test"] * 4)
    splits = open_data(saved(images=pixels(), labels=LABELS, split=split))
    assert [len(splits.train), len(splits.val), len(splits.test)] == [12, 4, 4]
    splits = open_data(saved(images=pixels(), labels=LABELS))
    assert [len(splits.train), len(splits.val), len(splits.test)] == [14, 2, 4]


@pytest.mark.parametrize("kind", [np.str_, np.bytes_])
def test_classes_may_be_named_and_labels_may_be_the_names(saved, kind):
    splits = open_data(saved(images=pixels(), labels=LABELS, classes=np.array(["bee", "ant"], kind)))
    assert splits.classes == ["bee", "ant"] and splits.train[0].target in (0, 1)
    splits = open_data(saved(images=pixels(), labels=np.array(["bee", "ant"] * 10, kind)))
    assert splits.classes == ["ant", "bee"] and sorted(np.bincount(splits.train.labels())) == [7, 7]


def test_labels_with_gaps_are_refused_with_two_ways_out(saved):
    labels = np.array([0, 1, 2, 10] * 5)
    with pytest.raises(DataError, match=r"7 of 11 classes .* here to 3: .*return_inverse.* text as labels"):
        open_data(saved(images=pixels(), labels=labels))
    splits = open_data(saved(images=pixels(), labels=labels.astype(str)))
    assert splits.classes == ["0", "1", "10", "2"]


def test_channels_first_are_turned_and_it_is_told(saved):
    x = pixels(shape=(3, 6, 8))
    splits = open_data(saved(x_train=x, y_train=LABELS, x_test=x, y_test=LABELS))
    np.testing.assert_array_equal(splits.test.images, x.transpose(0, 2, 3, 1))
    assert any("channels come first" in note for note in splits.notes)


@pytest.mark.parametrize(
    ("convert", "note"),
    [
        (lambda x: (x / 255).astype(np.float32), "scaled to 0 to 255"),
        (lambda x: x.astype(np.float64), None),
        (lambda x: x + 0.25 * (x < 200), "rounded to whole numbers"),
        (lambda x: x.astype(np.int32), None),
    ],
)
def test_pixels_of_other_kinds_are_brought_to_bytes(saved, convert, note):
    x = pixels()
    splits = open_data(saved(x_train=convert(x), y_train=LABELS, x_test=convert(x), y_test=LABELS))
    np.testing.assert_array_equal(splits.test.images, x)
    assert note is None or any(note in said for said in splits.notes)


def test_mnists_digits_are_recognised(saved):
    x = np.zeros((20, 28, 28), np.uint8)
    x[:, 4:24, 10:18] = 255
    splits = open_data(saved(x_train=x, y_train=LABELS))
    assert splits.preprocessing.fit == "digit" and not splits.mirror and "digits" in splits.notes[0]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": LABELS, "b": LABELS}, "holds the arrays a, b; expected x_train and y_train"),
        ({"x_train": pixels()}, "holds x_train, but no labels for it"),
        ({"images": pixels(), "labels": LABELS[:5]}, "images holds 20 images, but labels 5 labels"),
        ({"images": pixels()[:0], "labels": LABELS[:0]}, "the training part holds no images"),
        ({"images": pixels(shape=(6, 8, 4)), "labels": LABELS}, "Four channels: leave the transparency out"),
        ({"images": pixels(shape=(48,)), "labels": LABELS}, r"images is uint8 \(20, 48\), expected uint8"),
        ({"images": pixels(shape=(5000, 1)), "labels": LABELS}, "expected 1 to 4096 pixels"),
        ({"images": pixels() / 127.5 - 1, "labels": LABELS}, "from -1 to 1, .*before they are normalised"),
        ({"images": pixels() * np.nan, "labels": LABELS}, "before they are normalised"),
        ({"images": pixels() * 1j, "labels": LABELS}, "images.npy, but complex128"),
        ({"images": pixels().astype(np.int64) * 900, "labels": LABELS}, "expected at most 65535"),
        ({"images": pixels(), "labels": np.eye(20)}, r"One-hot labels are written as numbers by labels.argmax"),
        ({"images": pixels(), "labels": LABELS + 0.5}, "labels is float64, expected whole numbers"),
        ({"images": pixels(), "labels": LABELS - 1}, "labels run from -1 to 0, but there are 1 classes"),
        ({"images": pixels(), "labels": LABELS * 10**9}, "has the label 1000000000, expected numbers from 0 to 99999"),
        ({"images": pixels(), "labels": LABELS * 3}, "no training image for 2 of 4 classes"),
        (
            {"images": pixels(), "labels": LABELS, "classes": np.array(["a"])},
            "labels run from 0 to 1, but .* 1 classes",
        ),
        (
            {"images": pixels(), "labels": LABELS, "classes": np.array(["a", "a"])},
            "names 2 classes, but only 1 of the names",
        ),
        ({"images": pixels(), "labels": LABELS, "split": np.array(["train"] * 19)}, "expected 20 texts"),
        ({"images": pixels(), "labels": LABELS, "split": np.array(["tset"] * 20)}, "split says 'tset'"),
        ({"images": pixels(), "labels": LABELS, "more": np.array([None])}, "holds pickled objects in more.npy"),
        (
            {"x_train": pixels(), "y_train": LABELS, "x_test": pixels(shape=(6, 6, 3)), "y_test": LABELS},
            r"images of the test part are \(6, 6, 3\), those of train \(6, 8, 3\)",
        ),
        (
            {"x_val": pixels(), "y_val": LABELS, "x_valid": pixels(), "y_valid": LABELS},
            "holds x_val and x_valid, both of the val part",
        ),
    ],
)
def test_arrays_that_cannot_be_meant_so(saved, arrays, message):
    with pytest.raises(DataError, match=message) as caught:
        open_data(saved(**arrays))
    assert "arrays" in str(caught.value)


def test_the_size_is_that_of_the_arrays(saved):
    with pytest.raises(UsageError, match="used as they are"):
        open_data(saved(images=pixels(), labels=LABELS), image_size=32)


def test_a_header_that_promises_more_than_there_is_takes_no_memory(tmp_path):
    head = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    said = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000, 1000, 1000), }"
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("images.npy", head + said.ljust(117) + b"\n" + bytes(1000))
        file.writestr("labels.npy", head + said.ljust(117) + b"\n")
    with pytest.raises(DataError, match="does not fit its 1,128 bytes"):
        open_data(tmp_path / "bomb.npz")


def test_zeros_without_end_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file, file.open("images.npy", "w") as out:
        head = b"{'descr': '|u1', 'fortran_order': False, 'shape': (200000000,), }"
        out.write(b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + head.ljust(117) + b"\n")
        for _ in range(200):
            out.write(bytes(1_000_000))
    with pytest.raises(DataError, match="expected at most"):
        open_data(tmp_path / "bomb.npz")


def test_a_file_larger_than_the_limit_is_not_read(saved, monkeypatch):
    monkeypatch.setattr(npz, "LARGEST_FILE", 1000)
    with pytest.raises(DataError, match="more than the limit of 1,000"):
        open_data(saved(images=pixels(), labels=LABELS))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 1100), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, 1100))
def test_damaged_files_are_opened_or_refused(saved, damage, cut):
    path = saved(images=pixels(6, (4, 4)), labels=LABELS[:6], classes=np.array(["a", "b"]))
    content = bytearray(path.read_bytes())
    for place, value in damage:
        content[place % len(content)] = value
    path.write_bytes(content[: len(content) - cut] if cut < 200 else content)
    # Any other exception, and any warning, fails the test.
    with contextlib.suppress(DataError):
        open_data(path)


@pytest.mark.parametrize(
    ("train", "val", "test"),
    [
        (("x_training", "y_training"), ("X_dev", "y_dev"), ("images_test", "labels_test")),
        (("trainX", "trainY"), ("validX", "validY"), ("testX", "testY")),
        (("Xtrain", "ytrain"), ("xval", "yval"), ("xtest", "ytest")),
        (("train_set_x", "train_set_y"), ("dev_set_x", "dev_set_y"), ("test_set_x", "test_set_y")),
        (("TrainingImages", "TrainingLabels"), ("eval-images", "eval-labels"), ("tst.img", "tst.label")),
    ],
)
def test_other_usual_names_of_the_parts(saved, train, val, test):
    arrays = {train[0]: pixels(20), train[1]: LABELS, val[0]: pixels(6), val[1]: LABELS[:6]}
    splits = open_data(saved(**arrays, **{test[0]: pixels(8), test[1]: LABELS[:8]}))
    assert [len(splits.train), len(splits.val), len(splits.test)] == [20, 6, 8] and not splits.notes


def test_arrays_that_are_not_used_are_named(saved):
    splits = open_data(saved(x_train=pixels(), y_train=LABELS, x_extra=pixels(), y_val=LABELS, ids=LABELS))
    assert "Not used: x_extra, y_val, ids in arrays.npz." in splits.notes


def test_one_split_array_may_use_other_names_too(saved):
    split = np.array(["Training"] * 12 + ["dev"] * 4 + ["eval"] * 4)
    splits = open_data(saved(images=pixels(), labels=LABELS, split=split))
    assert [len(splits.train), len(splits.val), len(splits.test)] == [12, 4, 4]


@pytest.mark.parametrize(("white", "kind"), [(1, np.uint8), (1, np.bool_), (15, np.uint16), (4095, np.uint16)])
def test_pixels_on_another_scale_are_scaled_and_told(saved, white, kind):
    steps = pixels(shape=(6, 8)).astype(np.int64) * white // 255
    steps[0, 0, 0] = white
    splits = open_data(saved(x_train=steps.astype(kind), y_train=LABELS, x_test=steps.astype(kind), y_test=LABELS))
    np.testing.assert_array_equal(splits.test.images[..., 0], np.rint(steps * 255 / white))
    assert splits.notes == [f"x_train goes from 0 to {white}: scaled to 0 to 255."]
    assert splits.preprocessing.white == (255 if kind is np.bool_ else white)


def test_dark_images_are_left_as_they_are_and_told(saved):
    splits = open_data(saved(x_train=pixels() // 7, y_train=LABELS, x_test=pixels() // 7, y_test=LABELS))
    assert splits.test.images.max() == 36 and splits.preprocessing.white == 255
    assert "The largest pixel value is 36, far below 255." in splits.notes[0]


@pytest.mark.parametrize("swap", [False, True])
def test_parts_on_different_scales_are_refused(saved, swap):
    one, other = pixels() / 255, pixels()
    one, other = (other, one) if swap else (one, other)
    with pytest.raises(DataError, match=r"x_t.* goes from 0 to 1, but x_t.* to 255: the parts are on different scales"):
        open_data(saved(x_train=one, y_train=LABELS, x_test=other, y_test=LABELS))


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f4", "g", "u1", ">i8"])
def test_labels_may_be_numbers_of_any_kind(saved, kind):
    splits = open_data(saved(images=pixels(), labels=LABELS.astype(kind)))
    assert splits.classes == ["0", "1"] and splits.train.labels().dtype == np.int64


def test_labels_may_count_from_1(saved):
    splits = open_data(saved(x_train=pixels(), y_train=LABELS + 1, x_test=pixels(4), y_test=LABELS[:4] + 1))
    assert splits.classes == ["1", "2"] and splits.test.labels().tolist() == [0, 1, 0, 1]
    assert any("labels count from 1 to 2" in note for note in splits.notes)
    named = saved(images=pixels(), labels=LABELS + 1, classes=np.array(["ant", "bee"]))
    assert open_data(named).classes == ["ant", "bee"]


def test_labels_in_text_are_one_however_their_accents_are_stored(saved):
    texts = np.array(["caf\u00e9", "cafe\u0301", "tea", "tea"] * 5)
    splits = open_data(saved(images=pixels(), labels=texts))
    assert len(splits.classes) == 2 and sorted(np.bincount(splits.train.labels())) == [7, 7]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array(["", "a"] * 10), "empty text as label 0"),
        (np.array([0.0, 1e300] * 10), "labels is float64 with 1e\\+300, expected whole numbers"),
        (np.array([0.0, np.nan] * 10), "labels is float64 with nan"),
        (np.array([0, 2**63], np.uint64).repeat(10), "has the label 9223372036854775808"),
        (np.array([-(2**62), 1] * 10), "labels run from -"),
        (np.array([1j] * 20), "holds no plain numbers"),
        (np.array([65, 0x7FFFFFFF] * 10, np.uint32).view("<U1"), "labels is not text"),
        (np.array([65, 0xD800] * 10, np.uint32).view("<U1"), "labels is not text"),
    ],
)
def test_absurd_labels_are_refused(saved, labels, message):
    with pytest.raises(DataError, match=message):
        open_data(saved(images=pixels(), labels=labels))


@pytest.mark.parametrize("in_text", ["train", "test"])
def test_numbers_in_one_part_and_the_same_in_text_in_another_are_the_same_classes(saved, in_text):
    labels = np.repeat(np.arange(12), 4)
    kinds = {part: labels.astype(str) if part == in_text else labels for part in ("train", "test")}
    x = pixels(48)
    splits = open_data(saved(x_train=x, y_train=kinds["train"], x_test=x, y_test=kinds["test"]))
    tested = {image.tobytes(): label for image, label in zip(x, splits.test.labels(), strict=True)}
    assert [splits.classes[label] for label in splits.test.labels()] == labels.astype(str).tolist()
    assert all(tested[splits.train[i].image.tobytes()] == splits.train[i].target for i in range(len(splits.train)))
