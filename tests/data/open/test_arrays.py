"""Data that Python code holds in memory: every form of the same images and labels opens alike, and what is no data is
told as its user would want to hear it."""

from itertools import count

import numpy as np
import pytest
from PIL import Image

from cnnkit.autograd import Tensor
from cnnkit.data.given.parts import given_parts
from cnnkit.data.open.arrays import open_arrays, open_to_judge
from cnnkit.data.open.source import open_data
from cnnkit.errors import DataError, ResourceError, UsageError


class Column:
    """As a column of pandas or a tensor of torch looks to NumPy."""

    def __init__(self, values) -> None:
        self.values = np.asarray(values)
        self.shape = self.values.shape

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return self.values

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self):
        return iter(self.values.tolist())


class TorchData:
    """A data set by __len__ and __getitem__ alone."""

    def __init__(self, images, labels) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


def opened(data, **options):
    return open_arrays(given_parts(data), **options)


def whole(splits) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of all parts, in the order in which they came."""
    base = splits.train.dataset.dataset if hasattr(splits.train.dataset, "dataset") else splits.train.dataset
    return base.images, base.labels()


@pytest.fixture
def images(rng) -> np.ndarray:
    return rng.integers(0, 256, (30, 9, 8, 3), np.uint8)


@pytest.fixture
def labels() -> np.ndarray:
    return np.arange(30) % 3


def test_images_and_labels_are_divided_as_a_file_of_them_is(images, labels, tmp_path):
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    ours, files = opened((images, labels), seed=3), open_data(tmp_path / "a.npz", seed=3)
    assert ours.fingerprint() == files.fingerprint()
    assert ours.preprocessing == files.preprocessing and ours.classes == files.classes == ["0", "1", "2"]
    assert ours.found == "arrays in memory, 9x8 RGB: 21 train, 3 val, 6 test, 3 classes"
    assert any("no test part" in note for note in ours.notes)


@pytest.mark.parametrize(
    "form",
    [
        lambda x, y: [x, y],
        lambda x, y: (x.transpose(0, 3, 1, 2), y),
        lambda x, y: (x / 255, y),
        lambda x, y: ((x / 255).astype(np.float32).transpose(0, 3, 1, 2), Column(y)),
        lambda x, y: (x.astype(np.int32), y.astype(np.uint8)),
        lambda x, y: (x.tolist(), y.tolist()),
        lambda x, y: (Column(x), Column(y)),
        lambda x, y: (Tensor(x / np.float32(255)), y),
        lambda x, y: (list(x), tuple(y)),
        lambda x, y: (x, y[:, None]),
        lambda x, y: (x, y.astype(float)),
        lambda x, y: (x, np.eye(3)[y]),
        lambda x, y: (x, np.eye(3, dtype=bool)[y].tolist()),
        lambda x, y: list(zip(x, y, strict=True)),
        lambda x, y: tuple(zip(x, y.tolist(), strict=True)),
        lambda x, y: [[image, label] for image, label in zip(x.transpose(0, 3, 1, 2) / 255, y, strict=True)],
        lambda x, y: zip(x, y, strict=True),
        lambda x, y: ((image, label) for image, label in zip(x, y, strict=True)),
        lambda x, y: [(image, np.eye(3)[label]) for image, label in zip(x, y, strict=True)],
        lambda x, y: [(Image.fromarray(image), label) for image, label in zip(x, y, strict=True)],
        lambda x, y: ((image for image in x), map(int, y)),
        lambda x, y: ([Image.fromarray(image) for image in x], y),
        lambda x, y: TorchData(x, y),
        lambda x, y: TorchData([Column(image) for image in x.transpose(0, 3, 1, 2) / 255], [Column(v) for v in y]),
    ],
)
def test_every_form_of_the_same_data_opens_alike(images, labels, form):
    assert opened(form(images, labels)).fingerprint() == opened((images, labels)).fingerprint()


def test_channels_first_and_a_range_are_told(images, labels):
    notes = opened(((images / 255).transpose(0, 3, 1, 2), labels)).notes
    assert any("channels come first" in note for note in notes) and any("X goes from 0 to 1" in note for note in notes)


def test_grey_images_need_no_axis_of_channels(rng, labels):
    grey = rng.integers(0, 256, (30, 9, 8), np.uint8)
    expected = opened((grey, labels)).fingerprint()
    for form in (grey[..., None], grey[:, None], list(grey), [Image.fromarray(image) for image in grey]):
        assert opened((form, labels)).fingerprint() == expected
    assert opened((grey, labels)).preprocessing.shape == (9, 8, 1)


def test_files_and_bytes_are_pictures_too(images, labels, tmp_path):
    files = []
    for number, image in enumerate(images):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(image).save(files[-1])
    expected = opened((images, labels)).fingerprint()
    assert opened((files, labels)).fingerprint() == expected
    assert opened([(str(file), label) for file, label in zip(files, labels, strict=True)]).fingerprint() == expected
    assert opened((Column(np.array(files, object)), Column(labels))).fingerprint() == expected
    assert opened((np.array([str(file) for file in files]), labels)).fingerprint() == expected
    assert opened(([file.read_bytes() for file in files], labels)).fingerprint() == expected


@pytest.mark.parametrize("form", [lambda *parts: parts, lambda *parts: (parts[:2], parts[2:]), lambda *p: list(p)])
def test_train_and_test_may_be_given(images, labels, form):
    splits = opened(form(images[:20], labels[:20], images[20:], labels[20:]))
    assert len(splits.test) == 10 and len(splits.train) + len(splits.val) == 20
    np.testing.assert_array_equal(splits.test[3].image, images[23])
    assert not any("no test part" in note for note in splits.notes)


@pytest.mark.parametrize("form", [lambda *p: p, lambda *p: (p[:2], p[2:4], p[4:])])
def test_all_three_parts_may_be_given(images, labels, form):
    x, y = images, labels
    splits = opened(form(x[:12], y[:12], x[12:18], y[12:18], x[18:], y[18:]))
    assert [len(splits.part(part)) for part in ("train", "val", "test")] == [12, 6, 12]
    np.testing.assert_array_equal(splits.val[0].image, images[12])


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["cat", "dog", "ant"], ["ant", "cat", "dog"]),
        (np.array(["cat", "dog", "ant"], object), ["ant", "cat", "dog"]),
        ([b"cat", b"dog", b"ant"], ["ant", "cat", "dog"]),
        ([3, 7, 12], ["3", "7", "12"]),
        ([-1, 0, 1], ["-1", "0", "1"]),
        ([1.0, 2.0, 3.0], ["1", "2", "3"]),
        (np.array([1, 2.0, 3], object), ["1", "2", "3"]),
        (np.array([9, 2, 3], object), ["2", "3", "9"]),
        ([10**12, 5, 0], ["0", "5", "1000000000000"]),
    ],
)
def test_classes_are_called_as_their_labels(images, labels, names, classes):
    given = [names[label] for label in labels]
    splits = opened((images, given))
    assert splits.classes == classes
    by_image = {image.tobytes(): name for image, name in zip(images, given, strict=True)}
    for part in (splits.train, splits.val, splits.test):
        for sample in (part[index] for index in range(len(part))):
            name = by_image[sample.image.tobytes()]
            said = name.decode() if isinstance(name, bytes) else str(name)
            assert classes[sample.target] == (said.removesuffix(".0"))


def test_numbers_with_gaps_are_told(images, labels):
    notes = opened((images, labels * 5 + 1)).notes
    assert any("y holds the numbers 1, 6, 11: 3 classes" in note for note in notes)
    assert not any("holds the numbers" in note for note in opened((images, labels)).notes)


def test_truth_values_are_two_classes(images):
    assert opened((images, np.arange(30) % 2 == 0)).classes == ["False", "True"]


def test_pictures_of_many_sizes_are_brought_to_one_where_that_is_asked(rng, labels):
    pictures = [rng.integers(0, 256, (10 + k % 3, 12, 3), np.uint8) for k in range(30)]
    with pytest.raises(DataError, match=r"X holds pictures of 3 sizes, such as 10x12 and 11x12.*image_size=64"):
        opened((pictures, labels))
    with pytest.raises(DataError, match="3 sizes"):
        opened(list(zip([Image.fromarray(picture) for picture in pictures], labels, strict=True)))
    assert opened((pictures, labels), image_size=(8, 8)).preprocessing.shape == (8, 8, 3)
    assert opened((pictures, labels), image_size=(8, 8), grey=True).preprocessing.shape == (8, 8, 1)
    mixed = [picture if k % 2 else picture[..., 0] for k, picture in enumerate(pictures)]
    assert opened((mixed, labels), image_size=(8, 8)).preprocessing.shape == (8, 8, 3)


def test_arrays_given_one_by_one_have_one_range(rng, labels):
    sizes = [(10 + k % 2, 12) for k in range(30)]
    bright = [rng.integers(0, 17, size).astype(float) for size in sizes]
    bright[0] = np.minimum(bright[0], 1)
    scaled = [np.rint(image * 255 / 16).astype(np.uint8) for image in bright]
    few, bytes_ = (opened((pictures, labels), image_size=(8, 8)) for pictures in (bright, scaled))
    assert few.fingerprint() == bytes_.fingerprint()
    dark = [image.copy() for image in scaled]
    dark[0] = np.minimum(dark[0], 1)
    floats, whole = (
        opened(([image.astype(dtype) for image in dark], labels), image_size=(8, 8)) for dtype in (float, np.uint8)
    )
    assert floats.fingerprint() == whole.fingerprint()
    same = [image[:10] for image in bright]
    assert opened((same, labels), image_size=(8, 8)).preprocessing.shape == (8, 8, 1)


def test_an_array_is_used_as_it_is(images, labels):
    with pytest.raises(UsageError, match=r"used as they are. image_size is for pictures that are given one by one"):
        opened((images, labels), image_size=(4, 4))
    assert opened((images, labels), image_size=(9, 8)).preprocessing.shape == (9, 8, 3)


IMAGES = np.zeros((6, 9, 8, 3), np.uint8) + np.arange(6, dtype=np.uint8)[:, None, None, None] * 40
LABELS = [0, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        ((IMAGES, LABELS[:5]), DataError, "X holds 6 images, but y holds 5 labels"),
        ((IMAGES, []), DataError, "X holds 6 images, but y holds 0 labels"),
        ((IMAGES[:0], []), DataError, r"X holds no images"),
        (([], []), DataError, "X holds no images"),
        ([], DataError, "The data hold no images; expected"),
        ((x for x in ()), DataError, "The data hold no images; expected"),
        ((IMAGES, [0.5, 1, 0, 1, 0, 1]), DataError, r"holds 0.5, which names no class.*does not predict amounts"),
        ((IMAGES, [np.nan, 1, 0, 1, 0, 1]), DataError, "holds nan"),
        ((IMAGES, [np.inf, 1, 0, 1, 0, 1]), DataError, "holds inf"),
        ((IMAGES, [1e300, 1, 0, 1, 0, 1]), DataError, "too large to name classes"),
        ((IMAGES, [0] * 6), DataError, "all 6 training images are of one class"),
        ((IMAGES, ["a", "b", "a", "b", "a", 1]), DataError, "mixes texts and other labels, such as 1"),
        (
            (IMAGES, np.array(["a", "b", "a", None, "a", "b"], object)),
            DataError,
            "y holds None at 3",
        ),
        (
            (IMAGES, np.array(["a", "b", "a", 1, "a", "b"], object)),
            DataError,
            "mixes texts and other labels, such as 1",
        ),
        ((IMAGES, np.array([1, np.nan, 1, 2, 1, 2], object)), DataError, "holds nan"),
        ((IMAGES, [1, 2, 1, None, 1, 2]), DataError, "y holds None at 3"),
        ((IMAGES, np.array([0, 2**63] * 3, np.uint64)), DataError, "too large to name classes"),
        ((IMAGES, np.ma.masked_equal(LABELS, 1)), DataError, "y has masked values"),
        ((IMAGES, ["a", "b", "a", "", "a", "b"]), DataError, "y holds '' at 3"),
        ((IMAGES, np.ones((6, 3))), DataError, r"float64 \(6, 3\); expected \(n,\) labels, or one-hot rows"),
        ((IMAGES, np.full((6, 2), 0.5)), DataError, "one-hot rows"),
        ((IMAGES, np.zeros((6, 2), int)), DataError, "one-hot rows"),
        ((np.array(LABELS), IMAGES), DataError, r"X is int64 \(6,\)"),
        ((IMAGES, IMAGES), DataError, "expected one label for each of the 6 images.*swapped"),
        ((IMAGES, 1), DataError, r"y is int64 \(\), expected one label for each"),
        ((IMAGES, None), DataError, "y is a NoneType, expected an array or a list"),
        ((IMAGES, np.array(["2020-01-01"] * 6, "M8[D]")), DataError, "expected whole numbers or texts"),
        ((IMAGES.reshape(6, -1), LABELS), DataError, r"X is uint8 \(6, 216\).*X\.reshape\(-1, 28, 28\)"),
        ((IMAGES[..., :2], LABELS), DataError, r"\(6, 9, 8, 2\)"),
        ((IMAGES.repeat(2, axis=3)[..., :4], LABELS), DataError, "transparency"),
        ((IMAGES[:, :3, :, :], LABELS), DataError, "cannot be told which axis holds the channels"),
        ((IMAGES / 255 - 0.5, LABELS), DataError, "before they are normalised"),
        ((IMAGES * np.nan, LABELS), DataError, "nan"),
        ((IMAGES * 1j, LABELS), DataError, "complex128"),
        ((IMAGES.astype(str), LABELS), DataError, "<U"),
        (([[1, 2], [3]], [0, 1]), DataError, "different sizes"),
        (("photos", LABELS), DataError, "X is a str, expected an array of images"),
        ((3, LABELS), DataError, "X is a int, expected an array"),
        (IMAGES, UsageError, r"The data are a ndarray; expected \(X, y\)"),
        ({"x": IMAGES, "y": LABELS}, UsageError, r"The data are a dict; expected \(X, y\)"),
        (7, UsageError, r"The data are a int; expected \(X, y\)"),
        (b"abc", UsageError, "The data are a bytes"),
        ((IMAGES,), UsageError, r"The data are 1 array; expected \(X, y\)"),
        ((IMAGES, np.array(LABELS), IMAGES), UsageError, r"The data are 3 arrays; expected"),
        ((IMAGES, LABELS, IMAGES), UsageError, r"Item 0 of the data is a ndarray"),
        ((IMAGES, {0, 1}), DataError, "y is a set, expected an array or a list.* in their order"),
        ((IMAGES, {0: 1}), DataError, "y is a dict, expected an array or a list"),
        ([(IMAGES[0], 0, 1)], UsageError, r"Item 0 of the data is a tuple of 3"),
        ([(IMAGES, LABELS)] * 4, DataError, "Do items hold whole batches"),
        ([(IMAGES[0], 0), (IMAGES[1], {}), (IMAGES[1], 0)], DataError, "Item 1 .* label of type dict"),
        ([(IMAGES[0], 0), (7, 1), (IMAGES[1], 0)], DataError, "picture 1"),
        ([("nothing.png", 0), ("nothing.png", 1)], DataError, r"picture 0 .*nothing\.png does not exist"),
        ([(b"nothing", 0), (b"no", 1)], DataError, "picture 0"),
        ((IMAGES, LABELS, IMAGES, [0, 1, 2, 0, 1, 0]), DataError, "y_test has the label '2', which is none of the 2"),
        ((IMAGES, LABELS, IMAGES, LABELS[:2]), DataError, "X_test holds 6 images, but y_test holds 2 labels"),
        ((IMAGES, LABELS, IMAGES[:, :7], LABELS), DataError, r"images of the test part are \(7, 8, 3\)"),
        ((IMAGES, ["a", "b"] * 3, IMAGES, [0, 1] * 3), DataError, "y_test has the label"),
    ],
)
def test_what_is_no_data_is_told(data, error, said):
    with pytest.raises(error, match=said):
        opened(data)


def test_a_sequence_without_end_is_stopped_where_memory_ends():
    with pytest.raises(ResourceError, match="Does the sequence end"):
        given_parts(((IMAGES[0], n % 2) for n in count()), 10_000)


def test_many_large_pictures_are_refused_before_they_fill_memory():
    picture = Image.new("RGB", (500, 500))
    with pytest.raises(ResourceError, match=r"first 3 of 10 pictures take 2 MB.*image_size"):
        open_arrays(given_parts(([picture] * 10, [0, 1] * 5)), room=2_000_000)


def test_a_trained_networks_classes_take_labels_by_name_and_else_by_place():
    def judged(labels, classes):
        return open_to_judge(given_parts((IMAGES, labels)), classes, np.asarray, 255).test.labels().tolist()

    assert judged(["dog", "cat"] * 3, ["cat", "dog"]) == [1, 0] * 3
    assert judged([1, 0] * 3, ["cat", "dog"]) == [1, 0] * 3
    assert judged([7, 3] * 3, ["3", "7"]) == [1, 0] * 3
    assert judged([1] * 6, ["cat", "dog"]) == [1] * 6, "one class alone can be judged"
    with pytest.raises(DataError, match=r"label 'bird', which is none of the 2 classes \(cat, dog\)"):
        judged(["bird"] * 6, ["cat", "dog"])
    with pytest.raises(DataError, match="label '2'"):
        judged([2] * 6, ["cat", "dog"])


def test_labels_are_one_however_their_accents_are_stored():
    labels = ["caf\u00e9", "cafe\u0301", "tea"] * 2
    splits = open_to_judge(given_parts((IMAGES, labels)), ["tea", "caf\u00e9"], np.asarray, 255)
    assert splits.test.labels().tolist() == [1, 1, 0] * 2
    with pytest.raises(DataError, match="It looks like 'tea', but differs in upper and lower case"):
        open_to_judge(given_parts((IMAGES, ["Tea"] * 6)), ["tea", "coffee"], np.asarray, 255)


@pytest.mark.parametrize(("test", "said"), [(255, "different scales"), (1, "")])
def test_the_scale_of_pixels_is_told_from_all_parts(test, said):
    ink = np.random.default_rng(1).integers(0, 2, (12, 8, 8), np.uint8)
    parts = given_parts((ink, [0, 1] * 6, ink * np.uint8(test), [0, 1] * 6))
    if said:
        with pytest.raises(DataError, match=said):
            open_arrays(parts)
    else:
        splits = open_arrays(parts)
        assert splits.preprocessing.white == 1 and splits.test[0].image.max() == 255


def test_labels_in_a_column_of_objects_may_be_numbers_of_numpys():
    for numbers in (map(np.int64, [4, 2] * 3), map(np.float32, [4, 2] * 3)):
        column = np.array([None] * 6, object)
        column[:] = list(numbers)
        assert opened((IMAGES, column)).classes == ["2", "4"]
    column = np.array([None] * 6, object)
    column[:] = [np.True_, np.False_] * 3
    assert opened((IMAGES, column)).classes == ["False", "True"]


def test_floats_from_0_to_1_beside_bytes_are_refused_in_a_list():
    mixed = [image / 255 if k == 2 else image for k, image in enumerate(IMAGES)]
    with pytest.raises(DataError, match=r"mixes arrays of 0 to 1 with others of 0 to \d+\. Save all of them alike"):
        opened((mixed, LABELS))


def test_how_pictures_are_prepared_is_told_of_data_to_learn_from_alone():
    digits = np.zeros((6, 28, 28), np.uint8)
    digits[:, 4:24, 10:18] = 200
    learned = opened((digits, LABELS)).notes
    judged = open_to_judge(given_parts((digits, LABELS)), ["0", "1"], np.asarray, 255).notes
    assert any("handwritten digits" in note for note in learned) and not judged
