import numpy as np
import pytest
from PIL import Image

from cnnkit.data.check.figures import DataStats, Spread
from cnnkit.data.check.stats import data_stats
from cnnkit.data.headway import Headway
from cnnkit.data.open.source import open_data
from cnnkit.data.view.preprocessing import statistics
from cnnkit.errors import DataError, UsageError


def stats(data, **options) -> DataStats:
    *_, result = data_stats(data, **options)
    assert isinstance(result, DataStats)
    return result


def test_a_folder_is_counted_and_measured(tmp_path):
    rng = np.random.default_rng(3)
    for name, height, width, mode in [("a", 10, 20, "RGB"), ("b", 30, 20, "L"), ("c", 40, 40, "RGB")]:
        folder = tmp_path / "photos" / ("cats" if name == "a" else "dogs")
        folder.mkdir(parents=True, exist_ok=True)
        levels = rng.integers(0, 256, (height, width, 3)[: 3 if mode == "RGB" else 2], np.uint8)
        Image.fromarray(levels).save(folder / f"{name}.{'jpg' if name == 'a' else 'png'}")
    found = stats(tmp_path / "photos")
    assert found.parts == ["pictures"]
    assert found.classes == {"cats": [1], "dogs": [2]}
    assert found.totals == [3]
    assert found.files is not None
    assert (found.files.height, found.files.width) == (Spread(10, 30, 40), Spread(20, 20, 40))
    assert found.files.aspect == Spread(0.667, 1.0, 2.0)
    assert found.files.formats == {"PNG": 2, "JPEG": 1}
    assert (found.files.colour, found.files.grey, found.files.unreadable) == (2, 1, 0)
    assert found.files.total == sum(path.stat().st_size for path in tmp_path.rglob("*.*"))


def test_parts_stand_in_their_usual_order(picture_folder):
    picture_folder("test", cats=1, dogs=2)
    picture_folder("train", cats=3, dogs=4)
    found = stats(picture_folder("valid", cats=5, dogs=6))
    assert found.parts == ["train", "val", "test"]
    assert found.classes == {"cats": [3, 5, 1], "dogs": [4, 6, 2]}
    assert found.to_json()["classes"][0] == {"name": "cats", "train": 3, "val": 5, "test": 1}
    assert found.to_json()["images"] == {"train": 7, "val": 11, "test": 3}


def test_the_mean_and_deviation_are_those_of_the_pixels_that_a_network_reads(picture_folder):
    folder = picture_folder("train", cats=4, dogs=3)
    found = stats(folder, image_size=16)
    train = open_data(folder, image_size=16).train
    mean, std = statistics(np.stack([train.dataset.dataset[i].image for i in range(7)]))
    assert found.pixels is not None
    assert (found.pixels.sample, found.pixels.mean, found.pixels.std) == (7, mean, std)
    assert found.pixels.used_mean == (0.485, 0.456, 0.406)
    assert found.image_size == (16, 16)


def test_a_sample_is_taken_from_all_classes_alike(picture_folder):
    steps = [event for event in data_stats(picture_folder(cats=6, dogs=6), sample=4) if isinstance(event, Headway)]
    assert steps[-1] == Headway("counting pixels", 4, 4)
    found = stats("digits", sample=500)
    assert found.pixels is not None and found.pixels.sample == 500
    assert found.pixels.mean[0] == pytest.approx(found.pixels.used_mean[0], abs=0.01)


def test_arrays_have_parts_and_no_files(tmp_path):
    images = np.arange(40 * 8 * 8, dtype=np.uint8).reshape(40, 8, 8)
    np.savez(tmp_path / "arrays.npz", x_train=images, y_train=np.arange(40) % 2)
    found = stats(tmp_path / "arrays.npz")
    assert found.files is None
    assert found.parts == ["train", "val", "test"]
    assert sum(found.totals) == 40
    assert found.channels == 1


def test_what_cannot_be_read_is_counted_and_stops_nothing(picture_folder):
    folder = picture_folder(cats=3, dogs=2)
    (folder / "cats" / "broken.png").write_bytes(b"no picture")
    (folder / "cats" / "empty.png").touch()
    whole = (folder / "dogs" / "000.png").read_bytes()
    (folder / "dogs" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "dogs" / "away.png").symlink_to(folder / "nowhere.png")
    found = stats(folder)
    assert found.files is not None and found.pixels is not None
    assert found.files.unreadable == 3  # the header of what is cut can be read, its pixels cannot
    assert found.pixels.sample == 5
    assert found.classes == {"cats": [5], "dogs": [4]}


def test_nothing_readable_has_no_pixels(tmp_path):
    (tmp_path / "photos" / "cats").mkdir(parents=True)
    (tmp_path / "photos" / "cats" / "a.png").write_bytes(b"no picture")
    found = stats(tmp_path / "photos")
    assert found.pixels is None
    assert found.files is not None and found.files.height == Spread(0, 0, 0)


def test_a_list_with_missing_files_is_measured(picture_folder):
    folder = picture_folder(cats=2, dogs=2)
    rows = ["cats/000.png,cat", "cats/gone.png,cat", "dogs/000.png,dog"]
    (folder / "list.csv").write_text("\n".join(["path,label", *rows]))
    found = stats(folder / "list.csv")
    assert found.classes == {"cat": [2], "dog": [1]}
    assert found.files is not None and found.files.unreadable == 1


def test_what_is_no_data_is_refused(tmp_path):
    with pytest.raises(DataError, match="holds no data"):
        stats(tmp_path)
    with pytest.raises(UsageError, match="expected 1 to 4096"):
        stats("digits", image_size=5000)
    with pytest.raises(UsageError, match="used as they are"):
        stats("digits", image_size=32)


def test_sizes_are_those_of_the_upright_pictures(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 8
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(2):
            Image.new("RGB", (60, 30), (i, 90, 200)).save(tmp_path / name / f"{i}.jpg", exif=exif)
    *_, stats = data_stats(tmp_path)
    assert (stats.files.height.median, stats.files.width.median, stats.files.aspect.median) == (60, 30, 0.5)
