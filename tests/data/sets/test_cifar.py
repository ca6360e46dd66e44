from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.check.check import check
from cnnkit.data.fetch.sources import SOURCES
from cnnkit.data.open.source import open_data
from cnnkit.data.sets.cifar import CIFAR10_CLASSES, LAYOUTS, MOST_RECORDS, read_cifar
from cnnkit.errors import DataError, UsageError

TEN, HUNDRED = LAYOUTS


def record(*labels: int) -> bytes:
    """An image whose red is its label, whose green counts rows and whose blue counts columns."""
    rows, columns = np.mgrid[:32, :32].astype(np.uint8)
    planes = np.stack([np.full((32, 32), labels[-1], np.uint8), rows, columns])
    return bytes(labels) + planes.tobytes()


def ten(folder: Path) -> Path:
    """Five batches of three images, a test batch of two."""
    folder.mkdir(parents=True, exist_ok=True)
    for batch in range(5):
        labels = [(3 * batch + i) % 10 for i in range(3)]
        (folder / f"data_batch_{batch + 1}.bin").write_bytes(b"".join(map(record, labels)))
    (folder / "test_batch.bin").write_bytes(record(9) + record(0))
    return folder


def hundred(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.bin").write_bytes(b"".join(record(label % 20, label) for label in [*range(100)] * 2))
    (folder / "test.bin").write_bytes(record(0, 99) + record(19, 3))
    return folder


def test_images_come_back_channels_last_with_their_labels(tmp_path):
    folder = ten(tmp_path / "cifar")
    images, labels = read_cifar(TEN, [folder / name for name in TEN.train])
    assert images.shape == (15, 32, 32, 3) and images.dtype == np.uint8 and images.flags.c_contiguous
    np.testing.assert_array_equal(labels, [i % 10 for i in range(15)])
    np.testing.assert_array_equal(images[7, 3, 5], [7, 3, 5])
    np.testing.assert_array_equal(images[14, 31, 0], [4, 31, 0])


def test_a_folder_of_ten_classes_is_opened(tmp_path):
    splits = open_data(ten(tmp_path / "My Cifar"))
    assert [len(splits.train) + len(splits.val), len(splits.test)] == [15, 2]
    assert splits.classes == list(CIFAR10_CLASSES) == SOURCES["cifar10"].classes
    assert splits.mirror and splits.name == "my-cifar" and splits.preprocessing.shape == (32, 32, 3)
    assert "CIFAR-10's binary files, 32x32 RGB" in splits.found
    assert splits.test[0].target == 9 and splits.test[0].image[2, 4].tolist() == [9, 2, 4]
    # Green and blue count 0 to 31: their mean is 15.5 of 255.
    assert splits.preprocessing.mean[1:] == (round(15.5 / 255, 4),) * 2


def test_a_folder_of_a_hundred_classes_takes_the_second_label(tmp_path):
    splits = open_data(hundred(tmp_path / "cifar"))
    assert splits.classes[7] == "class 7" and len(splits.classes) == 100
    assert splits.test.labels().tolist() == [99, 3]


@pytest.mark.parametrize(("make", "below"), [(ten, "cifar-10-batches-bin"), (hundred, "cifar-100-binary")])
def test_the_folder_of_the_published_archive_may_lie_below(tmp_path, make, below):
    make(tmp_path / "data" / below)
    assert len(open_data(tmp_path / "data").test) == 2


@pytest.mark.parametrize("name", ["batches.meta.txt", "classes.txt"])
def test_class_names_come_from_a_file_beside(tmp_path, name):
    folder = ten(tmp_path / "cifar")
    (folder / name).write_text("\n".join(f"thing {i}" for i in range(10)) + "\n\n")
    assert open_data(folder).classes[3] == "thing 3"


@pytest.mark.parametrize("text", ["one\ntwo\n", "same\n" * 10, "\n".join(map(str, range(11)))])
def test_a_file_of_names_of_the_wrong_length_is_refused(tmp_path, text):
    folder = ten(tmp_path / "cifar")
    (folder / "classes.txt").write_text(text)
    with pytest.raises(DataError, match=r"classes.txt has \d+ names .* expected 10, one per line"):
        open_data(folder)


def test_the_name_means_the_fetched_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNKIT_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    ten(tmp_path / "cifar10").rename(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="cnnkit data fetch cifar10"):
        open_data("cifar10")
    (tmp_path / "elsewhere").rename(tmp_path / "cifar10")
    assert open_data("cifar10").name == "cifar10"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has 0 bytes, expected a multiple of 3,073"),
        (record(1)[:-1], "has 3,072 bytes, expected a multiple of 3,073"),
        (record(1) + b"x", "It is truncated or of another kind"),
        (record(1) + record(10), "record 1 has the label 10, expected 0 to 9"),
    ],
)
@pytest.mark.parametrize("name", ["data_batch_4.bin", "test_batch.bin"])
def test_a_wrong_file_is_named(tmp_path, name, content, message):
    folder = ten(tmp_path / "cifar")
    (folder / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}.*{message}"):
        open_data(folder)
    report = check(folder)
    assert not report.ok and message in report.problems[0] and report.found.endswith(": cifar files")


@pytest.mark.parametrize(("labels", "wanted"), [((0, 100), "0 to 99"), ((20, 3), "0 to 19")])
def test_both_labels_of_the_hundred_are_checked(tmp_path, labels, wanted):
    folder = hundred(tmp_path / "cifar")
    (folder / "test.bin").write_bytes(record(*labels))
    with pytest.raises(DataError, match=f"expected {wanted}"):
        open_data(folder)


def test_a_file_far_too_long_is_refused_before_memory_is_taken(tmp_path, monkeypatch):
    folder = ten(tmp_path / "cifar")
    with open(folder / "data_batch_1.bin", "r+b") as file:
        file.truncate((MOST_RECORDS + 1) * TEN.record)  # a hole: no bytes on the disk
    monkeypatch.setattr(np, "empty", lambda *_: pytest.fail("memory was taken"))
    with pytest.raises(DataError, match=r"has 100,001 records; .* at most 100,000"):
        open_data(folder)


def test_missing_surplus_and_mixed_files_are_named(tmp_path):
    folder = ten(tmp_path / "missing")
    (folder / "data_batch_3.bin").unlink()
    (folder / "test_batch.bin").unlink()
    with pytest.raises(DataError, match=r"lacks data_batch_3.bin, test_batch.bin; CIFAR-10 is"):
        open_data(folder)
    folder = ten(tmp_path / "surplus")
    (folder / "data_batch_6.bin").write_bytes(record(1))
    with pytest.raises(DataError, match=r"holds data_batch_6.bin, which is no file of CIFAR-10"):
        open_data(folder)
    with pytest.raises(DataError, match=r"files of CIFAR-10 and of CIFAR-100"):
        open_data(hundred(ten(tmp_path / "mixed")))


@pytest.mark.parametrize("below", ["", "cifar-10-batches-py"])
def test_the_pickled_version_is_refused_with_the_next_move(tmp_path, below):
    (tmp_path / "data" / below).mkdir(parents=True)
    (tmp_path / "data" / below / "data_batch_1").write_bytes(b"\x80\x04.")
    with pytest.raises(DataError, match=r"as Python pickles, .* cnnkit data fetch cifar10"):
        open_data(tmp_path / "data")


@pytest.mark.parametrize("options", [{"image_size": 64}, {"grey": True}])
def test_the_images_are_used_as_they_are(tmp_path, options):
    with pytest.raises(UsageError, match="used as they are"):
        open_data(ten(tmp_path / "cifar"), **options)


def test_each_class_is_counted(tmp_path):
    report = check(hundred(tmp_path / "cifar"))
    assert len(report.rows) == 100 and report.rows[3] == ("class 3", 1, 1, 1)
    # What is made from the label alone is the same in both parts.
    assert next(finding.kind for finding in report.findings if finding.files) == "duplicate-across"


@pytest.mark.slow
def test_the_real_cifar_10_is_that_of_the_contact_sheets(shared, cifar10_folder, no_network):
    splits = open_data(cifar10_folder)
    assert [len(splits.train), len(splits.val), len(splits.test)] == [45_000, 5_000, 10_000]
    # The figures that the literature gives for the training images.
    assert splits.preprocessing.mean == (0.4914, 0.4822, 0.4465)
    assert splits.preprocessing.std == (0.247, 0.2435, 0.2616)
    assert check(cifar10_folder).rows[3] == ("cat", 4500, 500, 1000)
    sheets = shared / "data" / "cifar10"
    np.testing.assert_array_equal(splits.test.labels(), np.load(sheets / "test_labels.npy"))
    # Image 3017 is in row 0, column 17 of the fourth sheet.
    with Image.open(sheets / "test_03.webp") as sheet:
        expected = np.asarray(sheet.convert("RGB"))[:32, 17 * 32 : 18 * 32]
    np.testing.assert_array_equal(splits.test[3017].image, expected)
