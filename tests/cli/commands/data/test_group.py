import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path):
    for number, name in enumerate(("cat", "dog")):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for i in range(6):
            Image.new("RGB", (16, 16), (40 * i, 90 * number, 7)).save(folder / f"{i}.png")
    return tmp_path / "photos"


def test_the_known_data_sets_are_listed(cnnkit, monkeypatch, tmp_path):
    monkeypatch.setenv("CNNKIT_DATA_HOME", str(tmp_path))
    ended = cnnkit("data", "list")
    assert ended.code == 0
    assert "cnnkit data fetch mnist" in ended.out
    assert "path,label[,split]" in ended.err and ".npz" in ended.err
    records = cnnkit("data", "list", "--json").json["data"]
    assert [record["name"] for record in records][:2] == ["digits", "mnist"]
    assert records[0]["here"]


def test_a_good_folder_is_counted(cnnkit, photos):
    ended = cnnkit("data", "check", photos)
    assert ended.code == 0
    assert "No problem found." in ended.out
    record = cnnkit("data", "check", photos, "--json").json
    assert record["ok"]
    assert record["rows"] == [["cat", 6], ["dog", 6]]


def test_an_unreadable_picture_is_named_and_ends_with_3(cnnkit, photos):
    (photos / "cat" / "broken.png").write_bytes(b"no picture")
    ended = cnnkit("data", "check", photos)
    assert ended.code == 3
    assert "broken.png" in ended.out
    record = cnnkit("data", "check", photos, "--json")
    assert record.code == 3
    assert ["broken.png" in problem for problem in record.json["problems"]] == [True]


def test_data_that_are_not_there_end_with_3_and_the_likely_name(cnnkit):
    ended = cnnkit("data", "check", "minst")
    assert (ended.code, ended.out) == (3, "")
    assert "Did you mean mnist?" in ended.err


@pytest.mark.parametrize("kind", ["empty", "file"])
def test_what_cannot_be_data_ends_with_3(cnnkit, tmp_path, kind):
    place = tmp_path / kind
    place.mkdir() if kind == "empty" else place.write_text("text")
    ended = cnnkit("data", "check", place)
    assert ended.code == 3
    assert str(place) in ended.err + ended.out


def test_fetch_shows_progress_and_tells_the_next_command(cnnkit, monkeypatch, tmp_path):
    def fetch(name, folder, on_progress):
        on_progress("train.gz", 3_000_000, 9_000_000)
        return tmp_path / name

    monkeypatch.setattr("cnnkit.data.fetch.fetch.fetch", fetch)
    monkeypatch.setattr("cnnkit.cli.show.progress.SECONDS_BETWEEN_LINES", 0.0)
    ended = cnnkit("data", "fetch", "mnist")
    assert (ended.code, ended.out) == (0, f"{tmp_path / 'mnist'}\n")
    assert ended.err.splitlines() == ["fetching train.gz 3/9 MB", "Next:", "  cnnkit train --data mnist"]


def test_what_cannot_be_fetched_gets_the_likely_name(cnnkit):
    ended = cnnkit("data", "fetch", "cifar-10")
    assert (ended.code, ended.out) == (2, "")
    assert "cifar10" in ended.err


def test_an_address_that_was_not_tried_is_marked_so(cnnkit, monkeypatch, tmp_path):
    monkeypatch.setenv("CNNKIT_DATA_HOME", str(tmp_path))
    assert "cnnkit data fetch mnist (not tried)" in cnnkit("data", "list").out
    assert '"Not tried" means' in cnnkit("data", "list").err
    rows = {row["name"]: row for row in cnnkit("data", "list", "--json").json["data"]}
    assert rows["digits"]["tried"] and not rows["mnist"]["tried"]
