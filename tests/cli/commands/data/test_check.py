import shutil

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path):
    """Two classes of noisy pictures, all different."""
    rng = np.random.default_rng(3)
    for name in ("cat", "dog"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for i in range(7):
            Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8)).save(folder / f"{i}.png")
    return tmp_path / "photos"


def test_kinds_are_headings_and_files_are_told_from_the_folder_on(cnnkit, photos):
    (photos / "cat" / "gone.png").write_bytes(b"")
    shutil.copy(photos / "cat" / "0.png", photos / "dog" / "again.png")
    ended = cnnkit("data", "check", photos)
    assert ended.code == 3
    lines = ended.out.splitlines()
    heading = lines.index("problem: Empty files (empty, 1)")
    assert lines[heading + 1].startswith("  cat/gone.png: is empty (0 bytes)")
    assert "  cat/0.png, dog/again.png: the same picture under the labels 'cat' and 'dog'" in lines
    assert lines[-1] == "2 problems."


def test_json_has_every_finding_with_its_severity_and_whole_paths(cnnkit, photos):
    for i in range(15):
        shutil.copy(photos / "cat" / "0.png", photos / "cat" / f"copy {i}.png")
    ended = cnnkit("data", "check", photos, "--json")
    assert ended.code == 0
    (finding,) = ended.json["findings"]
    assert (finding["kind"], finding["severity"], len(finding["files"])) == ("duplicate", "warning", 16)
    assert str(photos / "cat" / "copy 3.png") in finding["files"]
    shown = cnnkit("data", "check", photos).out
    assert "and 12 more: the same picture" in shown and shown.endswith("No problem found, 1 warning.\n")


def test_data_that_no_training_would_take_end_with_3(cnnkit, photos):
    shutil.rmtree(photos / "dog")
    ended = cnnkit("data", "check", photos)
    assert ended.code == 3 and "problem: A training would refuse this (untrainable, 1)" in ended.out
    assert cnnkit("data", "check", photos, "--json").json["ok"] is False


def test_a_kind_that_is_allowed_only_warns(cnnkit, photos):
    shutil.copy(photos / "cat" / "0.png", photos / "dog" / "again.png")
    assert cnnkit("data", "check", photos).code == 3
    ended = cnnkit("data", "check", photos, "--allow", "two-labels")
    assert ended.code == 0
    assert "warning: One picture under several labels" in ended.out
    refused = cnnkit("data", "check", photos, "--allow", "two-label")
    assert refused.code == 2
    assert "did you mean two-labels?" in refused.err


def test_names_of_any_kind_break_neither_table_nor_lines(cnnkit, photos):
    (photos / "dog").rename(photos / "a dog 🐕\n\x1b[31m")
    (photos / "cat" / "b\nc.png").write_bytes(b"")
    lines = cnnkit("data", "check", photos).out.splitlines()
    assert any(line.startswith("a dog 🐕\\n\\x1b[31m ") for line in lines)
    assert any(line.startswith("  cat/b\\nc.png: is empty") for line in lines)


def test_of_very_many_classes_the_largest_and_the_smallest_are_shown(cnnkit, photos):
    rng = np.random.default_rng(5)
    for i in range(60):
        (photos / f"c{i:02}").mkdir()
        for k in range(3):
            Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).save(photos / f"c{i:02}" / f"{k}.png")
    ended = cnnkit("data", "check", photos)
    assert "(22 more)" in ended.out and "c05" in ended.out and "c30" not in ended.out
    assert len(cnnkit("data", "check", photos, "--json").json["rows"]) == 62


@pytest.mark.slow
def test_a_training_goes_on_with_warnings_and_the_command_that_tells_more(cnnkit, photos):
    shutil.copy(photos / "cat" / "0.png", photos / "dog" / "again.png")
    ended = cnnkit("train", "--data", photos, "--model", "convnet", "--dry-run")
    assert ended.code == 0
    assert "under several labels: cat/0.png, dog/again.png" in ended.out
    assert f"cnnkit data check {photos}" in ended.out


def test_of_masks_pixels_are_counted_and_what_does_not_fit_is_a_problem(cnnkit, tmp_path, rng):
    for kind in ("images", "masks"):
        (tmp_path / "cells" / kind).mkdir(parents=True)
    labels = np.zeros((20, 40), np.uint8)
    labels[:, 30:] = 1
    labels[:2, :20] = 255
    for i in range(10):
        Image.fromarray(rng.integers(0, 256, (20, 40, 3), np.uint8)).save(tmp_path / f"cells/images/{i}.png")
        Image.fromarray(labels).save(tmp_path / f"cells/masks/{i}.png")
    (tmp_path / "cells" / "classes.txt").write_text("ground\ncell\n")
    sound = cnnkit("data", "check", tmp_path / "cells")
    rows = [line.split() for line in sound.out.splitlines()]
    assert sound.code == 0 and ["class", "pixels", "%", "pictures"] in rows
    # 200 of 760 pixels that are not void.
    assert ["cell", "26.32", "10"] in rows and ["all", "100.00", "10"] in rows
    assert "5.00 % of pictures" in sound.err
    Image.fromarray(labels[1:]).save(tmp_path / "cells/masks/4.png")
    ended = cnnkit("data", "check", tmp_path / "cells", "--json")
    assert ended.code == 3 and ended.json["findings"][0]["kind"] == "mask-size"
    assert ended.json["pixels"]["pictures"]["masks"] == 9
