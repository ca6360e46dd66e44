import numpy as np
import pytest
from PIL import Image

from cnnkit.data.picture.sheet import GAP, SIDE, Tile, check_sheet_path, contact_sheet, save_sheet
from cnnkit.errors import ResourceError, UsageError
from cnnkit.serialize import files


def plain(level: int, height: int = 8, width: int = 8, channels: int = 1) -> np.ndarray:
    return np.full((height, width, channels), level, np.uint8)


def test_tiles_lie_from_left_to_right_and_then_below():
    sheet = contact_sheet([Tile(plain(level)) for level in (10, 90, 170)], columns=2)
    assert sheet.size == (GAP + 2 * (SIDE + GAP), GAP + 2 * (SIDE + GAP))
    middle = GAP + SIDE // 2
    seen = [sheet.getpixel((middle + dx, middle + dy)) for dy in (0, SIDE + GAP) for dx in (0, SIDE + GAP)]
    assert seen == [(10,) * 3, (90,) * 3, (170,) * 3, (255,) * 3]


def test_a_small_image_grows_by_a_whole_number_and_keeps_its_colours_and_shape():
    image = plain(0, 2, 3, 3)
    image[0, 2] = (255, 0, 0)
    sheet = contact_sheet([Tile(image)])
    left, top, right, bottom = sheet.point(lambda v: 255 - v).getbbox()
    assert (right - left, bottom - top) == (144, 96)
    assert np.unique(np.asarray(sheet)[top:bottom, left:right].reshape(-1, 3), axis=0).tolist() == [
        [0, 0, 0],
        [255, 0, 0],
    ]


@pytest.mark.parametrize("shape", [(1000, 3), (3, 1000), (700, 500)])
def test_a_large_image_is_fitted_into_its_square(shape):
    left, top, right, bottom = contact_sheet([Tile(plain(0, *shape))]).point(lambda v: 255 - v).getbbox()
    assert max(right - left, bottom - top) == SIDE


def test_a_caption_takes_a_line_and_is_cut_at_the_edge_of_its_tile():
    bare, told = (
        contact_sheet([Tile(plain(0))]),
        contact_sheet([Tile(plain(0), ("m" * 500, "two\nlines \x1b[1m Ä 猫"))]),
    )
    assert told.height > bare.height and told.width == bare.width
    below = told.crop((0, GAP + SIDE + 1, told.width, told.height)).point(lambda v: 255 - v).getbbox()
    assert below is not None and below[2] <= GAP + SIDE


def test_nothing_to_show_is_an_empty_sheet():
    assert contact_sheet([]).size[0] > 0


@pytest.mark.parametrize(("name", "format"), [("a.png", "PNG"), ("a.JPG", "JPEG"), ("ä b.webp", "WEBP")])
def test_the_suffix_decides_the_format(tmp_path, name, format):
    check_sheet_path(tmp_path / name)
    save_sheet(tmp_path / name, contact_sheet([Tile(plain(99))]))
    with Image.open(tmp_path / name) as picture:
        assert picture.format == format


def test_what_cannot_be_written_is_refused_beforehand(tmp_path):
    (tmp_path / "old.png").touch()
    (tmp_path / "folder.png").mkdir()
    for name, text in [
        ("sheet.gif", "ends in .png"),
        ("sheet", "ends in .png"),
        ("old.png", "--exist-ok"),
        ("folder.png", "is a folder"),
        ("nowhere/a.png", "There is no folder"),
    ]:
        with pytest.raises(UsageError, match=text):
            check_sheet_path(tmp_path / name)
    check_sheet_path(tmp_path / "old.png", exist_ok=True)


def test_a_name_too_long_for_the_file_system_is_refused(tmp_path):
    path = tmp_path / ("a" * 300 + ".png")
    check_sheet_path(path)
    with pytest.raises(UsageError, match="cannot be written"):
        save_sheet(path, contact_sheet([]))


def test_a_full_disk_is_told_without_advice_for_runs(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "_fsync", fail)
    with pytest.raises(ResourceError, match=r"no room to write .*a\.png") as caught:
        save_sheet(tmp_path / "a.png", contact_sheet([]))
    assert "--resume" not in str(caught.value) and not any(tmp_path.iterdir())
