"""Pictures with masks are divided together: each mask goes with its picture, and no picture is in two parts."""

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.layout.masks.find import find_pairs
from cnnkit.data.open.source import open_data
from cnnkit.data.split.folder import SplitFolder, split_folder
from cnnkit.errors import DataError, UsageError


def split(data, output, **options) -> SplitFolder:
    *_, result = split_folder(str(data), output, **options)
    assert isinstance(result, SplitFolder)
    return result


def add(folder, name, rng, mask_name=None):
    """A picture whose mask says which it is: both hold the same random pixels."""
    pixels = rng.integers(0, 3, (8, 9), np.uint8)
    for kind, file, values in (("images", name, 80 * pixels), ("masks", mask_name or name, pixels)):
        place = folder / kind / f"{file}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(place)


@pytest.fixture
def cells(tmp_path, rng):
    for number in range(20):
        add(tmp_path / "cells", str(number), rng, f"{number}_mask")
    (tmp_path / "cells" / "classes.txt").write_text("ground\ncell\nwall\n")
    return tmp_path / "cells"


def fits(pair):
    return (np.asarray(Image.open(pair.path)) == 80 * np.asarray(Image.open(pair.mask))).all()


def test_masks_go_with_their_pictures_and_the_classes_keep_their_names(cells, tmp_path):
    before = {path: path.read_bytes() for path in cells.rglob("*.*")}
    made = split(cells, tmp_path / "parts")
    assert made.parts == {"train": 14, "val": 3, "test": 3} and made.classes == {} and made.renamed == 0
    assert {path: path.read_bytes() for path in cells.rglob("*.*")} == before
    found = find_pairs(tmp_path / "parts")
    assert {part: len(pairs) for part, pairs in found.parts.items()} == made.parts
    assert all(fits(pair) for pair in found.pairs) and len({pair.path.read_bytes() for pair in found.pairs}) == 20
    opened = open_data(made.folder)
    assert opened.classes == ["ground", "cell", "wall"] and [len(opened.val), len(opened.test)] == [3, 3]
    assert made.bytes == sum(map(len, before.values()))


def test_copies_stay_in_one_part_and_the_seed_draws(cells, tmp_path, rng):
    for number in range(6):
        for kind, end in (("images", ""), ("masks", "_mask")):
            copy = cells / kind / f"copy{number}{end}.png"
            copy.write_bytes((cells / kind / f"{number}{end}.png").read_bytes())
    part_of = {}
    for seed in (1, 2):
        made = split(cells, tmp_path / f"parts{seed}", seed=seed)
        assert made.copies == 6
        found = find_pairs(tmp_path / f"parts{seed}")
        part_of[seed] = {pair.path.name: part for part, pairs in found.parts.items() for pair in pairs}
        assert all(part_of[seed][f"copy{number}.png"] == part_of[seed][f"{number}.png"] for number in range(6))
    assert part_of[1] != part_of[2]


def test_names_that_meet_get_a_number_that_their_masks_get_too(tmp_path, rng):
    for folder in ("a", "b"):
        for number in range(8):
            add(tmp_path / "streets", f"{folder}/{number}", rng)
    made = split(tmp_path / "streets", tmp_path / "parts", val=0.25, test=0)
    found = find_pairs(tmp_path / "parts")
    assert made.renamed > 0 and sum(made.parts.values()) == len(found.pairs) == 16
    assert all(fits(pair) for pair in found.pairs)


@pytest.mark.parametrize("link", ["hard", "symbolic"])
def test_links_read_as_the_files(cells, tmp_path, link):
    assert all(
        fits(pair) for pair in find_pairs(split(cells, tmp_path / "parts", link=link) and tmp_path / "parts").pairs
    )


def test_what_cannot_be_divided_is_refused_with_a_way_out(cells, tmp_path, rng):
    (cells / "masks" / "3_mask.png").rename(tmp_path / "3.png")
    with pytest.raises(DataError, match=r"1 of the pictures and masks in .*3\.png has no mask.*Remove such files"):
        split(cells, tmp_path / "parts")
    (tmp_path / "3.png").rename(cells / "masks" / "3_mask.png")
    divided = split(cells, tmp_path / "parts").folder
    with pytest.raises(UsageError, match="has parts already: train, val, test"):
        split(divided, tmp_path / "again")
    (cells / "images" / "3.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"3\.png"):
        split(cells, tmp_path / "again")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cells", "parts"]


def test_a_mask_that_would_not_be_found_by_its_picture_ends_the_split_and_nothing_is_written(tmp_path, rng):
    for number in range(8):
        add(tmp_path / "cells", f"{number}_color", rng, f"{number}_color_mask")
    with pytest.raises(DataError, match="would not be found by the names of their pictures"):
        split(tmp_path / "cells", tmp_path / "parts")
    assert [path.name for path in tmp_path.iterdir()] == ["cells"]
