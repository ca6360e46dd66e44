import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path):
    for part, count in (("train", 4), ("val", 2)):
        for name in ("ants", "bees"):
            folder = tmp_path / "photos" / part / name
            folder.mkdir(parents=True)
            for i in range(count):
                Image.new("RGB", (20, 10), (51 * i, 0, 255)).save(folder / f"{i}.png")
    return tmp_path / "photos"


def test_the_tables_count_and_measure(cnnkit, photos):
    ended = cnnkit("data", "stats", photos)
    assert ended.code == 0
    lines = [line.split() for line in ended.out.splitlines()]
    for line in [
        ["class", "train", "val"],
        ["ants", "4", "2"],
        ["all", "8", "4"],
        ["width", "20", "20", "20"],
        ["width", "/", "height", "2.00", "2.00", "2.00"],
        ["formats", "12", "PNG"],
        ["blue", "1.0000", "0.0000", "0.4060", "0.2250"],
    ]:
        assert line in lines
    assert max(map(len, ended.out.splitlines()[1:])) <= 80


def test_the_record_has_stable_keys(cnnkit, photos):
    record = cnnkit("data", "stats", photos, "--json").json
    assert sorted(record) == sorted(
        ["schema_version", "found", "notes", "parts", "classes", "image_size", "channels", "files", "pixels", "images"]
    )
    assert record["classes"] == [{"name": name, "train": 4, "val": 2} for name in ("ants", "bees")]
    assert record["images"] == {"train": 8, "val": 4}
    keys = ["aspect", "colour", "formats", "grey", "height", "size", "total", "unreadable", "width"]
    assert sorted(record["files"]) == keys
    assert record["files"]["height"] == {"least": 10, "median": 10, "most": 10}
    assert sorted(record["pixels"]) == sorted(["sample", "mean", "std", "used_mean", "used_std"])
    assert record["pixels"]["mean"] == [0.3, 0.0, 1.0]


def test_arrays_have_no_files(cnnkit):
    record = cnnkit("data", "stats", "digits", "--json").json
    assert record["files"] is None
    assert record["images"] == {"train": 9000, "val": 1000, "test": 2000}


def test_unreadable_files_are_counted(cnnkit, photos):
    (photos / "train" / "ants" / "broken.png").write_bytes(b"no picture")
    ended = cnnkit("data", "stats", photos)
    assert ended.code == 0
    assert "unreadable  1; `cnnkit data check` names them" in ended.out


def test_names_of_any_kind_are_shown_harmlessly(cnnkit, photos):
    for part in ("train", "val"):
        (photos / part / "ants").rename(photos / part / "two\nlines \x1b[1m 🐜")
    ended = cnnkit("data", "stats", photos)
    assert ended.code == 0
    assert "\x1b" not in ended.out
    assert "two\\nlines" in ended.out


def test_what_is_no_data_ends_with_3(cnnkit, tmp_path):
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", "minst"):
        ended = cnnkit("data", "stats", place)
        assert (ended.code, ended.out) == (3, "")
