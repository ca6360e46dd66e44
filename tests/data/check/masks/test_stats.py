import json

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.check.stats import data_stats
from cnnkit.errors import DataError


def stats(data, **options):
    *_, result = data_stats(data, **options)
    return result


@pytest.fixture
def cells(tmp_path):
    """Ten pictures of 20x40 whose masks have the classes 0, 1 (the right quarter) and, in one of them, 2."""
    for kind in ("images", "masks"):
        (tmp_path / "cells" / kind).mkdir(parents=True)
    for i in range(10):
        labels = np.zeros((20, 40), np.uint8)
        labels[:, 30:] = 1
        labels[0, 0] = 2 if i == 7 else 0
        labels[1] = 255
        Image.fromarray(np.full((20, 40), 51 * (i % 2), np.uint8)).save(tmp_path / f"cells/images/{i}.png")
        Image.fromarray(labels).save(tmp_path / f"cells/masks/{i}.png")
    (tmp_path / "cells" / "classes.txt").write_text("ground\ncell\nspeck\n")
    return tmp_path / "cells"


def test_pixels_are_counted_by_class_and_pictures_by_what_they_hold(cells):
    found = stats(cells)
    assert found.parts == ["pictures"] and found.totals == [10]
    assert found.classes == {"ground": [10], "cell": [10], "speck": [1]}
    counted = found.masks["pictures"]
    assert counted.pixels.tolist() == [5699, 1900, 1] and counted.void == 400
    assert counted.shares == pytest.approx([5699 / 7600, 0.25, 1 / 7600]) and counted.void_share == 0.05
    assert (found.files.height.median, found.files.width.most, found.files.grey) == (20, 40, 10)
    assert found.pixels.mean == (0.1,) and found.channels == 1


def test_json_has_a_row_for_each_class_of_each_part(cells):
    record = json.loads(json.dumps(stats(cells).to_json()))
    assert record["images"] == {"pictures": 10}
    assert record["classes"][2] == {"name": "speck", "pictures": 1}
    part = record["masks"]["pictures"]
    assert part["classes"][1] == {"name": "cell", "pixels": 1900, "share": 0.25, "pictures": 10}
    assert (part["masks"], part["void_pixels"], part["void_share"]) == (10, 400, 0.05)


def test_masks_that_cannot_be_used_are_left_out_and_told(cells):
    (cells / "masks" / "3.png").write_bytes(b"no picture")
    Image.fromarray(np.full((20, 40), 9, np.uint8)).save(cells / "masks" / "4.png")
    found = stats(cells)
    assert found.masks["pictures"].masks == 8
    assert any("Masks that cannot be used: 2" in note for note in found.notes)
    assert stats(cells, ignore="9").masks["pictures"].void == 8 * 40 + 20 * 40


def test_masks_that_nothing_can_be_said_of_are_refused(cells, rng):
    (cells / "classes.txt").unlink()
    Image.fromarray(rng.integers(0, 256, (20, 40, 3), np.uint8)).save(cells / "masks" / "0.png")
    with pytest.raises(DataError, match="nothing says which class"):
        stats(cells)


def test_shapes_in_memory_are_counted():
    found = stats("shapes", image_size=16)
    assert found.totals == [240, 40, 60] and list(found.masks) == ["train", "val", "test"]
    assert sum(found.masks["val"].pixels.tolist()) == 40 * 16 * 16 and found.files is None
