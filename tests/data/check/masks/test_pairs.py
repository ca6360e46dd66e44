"""What is wrong with masks: each kind of fault is found, named, and nothing else is."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnkit.data.check.check import check


@pytest.fixture
def pairs(tmp_path, rng):
    """A folder of noise with masks of three classes: train/ and val/ with images/ and masks/."""
    folder = tmp_path / "pairs"
    for part, count in (("train", 6), ("val", 3)):
        for kind in ("images", "masks"):
            (folder / part / kind).mkdir(parents=True)
        for i in range(count):
            picture(folder, part, i, rng.integers(0, 256, (20, 30, 3), np.uint8))
            mask(folder, part, i, rng.integers(0, 3, (20, 30), np.uint8))
    (folder / "classes.txt").write_text("sky\nroad\ncar\n")
    return folder


def picture(folder, part, i, pixels):
    Image.fromarray(pixels).save(folder / part / "images" / f"{i}.png")


def mask(folder, part, i, labels, name="{}.png", **how):
    path = folder / part / "masks" / name.format(i)
    Image.fromarray(labels).save(path, **how)
    return path


def found(report):
    """kind -> the files of its findings, as names."""
    kinds = {}
    for finding in report.findings:
        kinds.setdefault(finding.kind, []).append([Path(name).name for name in finding.files])
    return kinds


def test_sound_pairs_are_counted(pairs):
    report = check(pairs)
    assert report.ok and not report.findings and report.parts == ["train", "val"]
    assert report.rows == [("sky", 6, 3), ("road", 6, 3), ("car", 6, 3)]
    record = json.loads(json.dumps(report.to_json()))
    train = record["pixels"]["train"]
    assert train["masks"] == 6 and train["void_share"] == 0
    assert sum(row["pixels"] for row in train["classes"]) == 6 * 20 * 30
    assert [row["name"] for row in train["classes"]] == ["sky", "road", "car"]
    assert sum(row["share"] for row in train["classes"]) == pytest.approx(1)


def test_a_mask_of_another_size_is_a_problem(pairs, rng):
    mask(pairs, "train", 1, rng.integers(0, 3, (20, 31), np.uint8))
    report = check(pairs)
    assert not report.ok and found(report) == {"mask-size": [["1.png", "1.png"]]}
    assert "20x30" in report.problems[0] and "20x31" in report.problems[0]


def test_a_mask_saved_as_jpeg_is_a_problem(pairs, rng):
    (pairs / "train" / "masks" / "2.png").unlink()
    mask(pairs, "train", 2, rng.integers(0, 3, (20, 30), np.uint8), "{}.jpg")
    report = check(pairs)
    assert found(report) == {"mask-format": [["2.jpg"]]} and "JPEG" in report.problems[0]


def test_where_no_mask_can_be_used_this_is_told_without_counting_none(pairs, rng):
    for part, count in (("train", 6), ("val", 3)):
        for i in range(count):
            (pairs / part / "masks" / f"{i}.png").unlink()
            mask(pairs, part, i, rng.integers(0, 3, (20, 30), np.uint8), "{}.jpg")
    report = check(pairs)
    assert set(found(report)) == {"mask-format", "untrainable"}
    assert any("no picture has a mask that can be used" in problem for problem in report.problems)


def test_where_all_masks_have_colours_and_the_list_has_none_the_list_is_what_to_mend(pairs, rng):
    for part, count in (("train", 6), ("val", 3)):
        for i in range(count):
            mask(pairs, part, i, rng.integers(0, 2, (20, 30, 1), np.uint8) * np.array([200, 9, 9], np.uint8))
    report = check(pairs)
    assert any("name,red,green,blue" in problem for problem in report.problems)
    assert not any("no mask has a pixel" in problem for problem in report.problems)


def test_a_value_of_no_class_is_a_problem(pairs, rng):
    labels = rng.integers(0, 3, (20, 30), np.uint8)
    labels[3, 4] = 7
    mask(pairs, "val", 0, labels)
    report = check(pairs)
    assert (not report.ok and "untrainable" in found(report)) or found(report) == {"mask-value": [["0.png"]]}
    assert "7" in report.problems[0]
    assert check(pairs, ignore="7").ok


def test_a_colour_of_no_class_is_a_problem(pairs, rng):
    (pairs / "classes.txt").write_text("sky,0,0,0\nroad,255,0,0\ncar,0,0,255\n")
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    for part, count in (("train", 6), ("val", 3)):
        for i in range(count):
            mask(pairs, part, i, colours[rng.integers(0, 3, (20, 30))])
    assert check(pairs).ok
    colours[2] = (9, 8, 7)
    mask(pairs, "train", 3, colours[rng.integers(0, 3, (20, 30))])
    report = check(pairs)
    assert found(report) == {"mask-value": [["3.png"]]} and "(9, 8, 7)" in report.problems[0]


def test_deep_masks_are_a_problem(pairs):
    mask(pairs, "train", 0, np.full((20, 30), 3000, np.uint16))
    report = check(pairs)
    assert found(report) == {"mask-value": [["0.png"]]} and "3000" in report.problems[0]


def test_what_has_no_partner_is_a_problem(pairs):
    (pairs / "train" / "masks" / "3.png").unlink()
    (pairs / "val" / "images" / "1.png").unlink()
    report = check(pairs)
    assert found(report) == {"unpaired": [["3.png"], ["1.png"]]}
    assert "has no mask" in report.problems[0] and "has no picture" in report.problems[1]


def test_damaged_pictures_and_masks_are_named(pairs):
    (pairs / "train" / "images" / "0.png").write_bytes(b"")
    (pairs / "train" / "masks" / "1.png").write_bytes(b"no picture")
    whole = (pairs / "val" / "masks" / "2.png").read_bytes()
    (pairs / "val" / "masks" / "2.png").write_bytes(whole[: len(whole) // 2])
    report = check(pairs)
    assert found(report) == {"empty": [["0.png"]], "unreadable": [["1.png"]], "truncated": [["2.png"]]}


def test_a_picture_in_two_parts_is_a_problem(pairs):
    for kind in ("images", "masks"):
        (pairs / "val" / kind / "copy.png").write_bytes((pairs / "train" / kind / "4.png").read_bytes())
    report = check(pairs)
    assert not report.ok and found(report) == {"duplicate-across": [["4.png", "copy.png"]]}
    assert check(pairs, allowed=["duplicate-across"]).ok


def test_a_picture_with_two_masks_is_a_problem(pairs, rng):
    (pairs / "train" / "images" / "6.png").write_bytes((pairs / "train" / "images" / "0.png").read_bytes())
    mask(pairs, "train", 6, rng.integers(0, 3, (20, 30), np.uint8))
    report = check(pairs)
    assert found(report) == {"two-masks": [["0.png", "6.png"]], "duplicate": [["0.png", "6.png"]]}
    assert [finding.severity() for finding in report.findings] == ["error", "warning"]


def test_masks_that_hold_little_are_told(pairs):
    mask(pairs, "train", 0, np.full((20, 30), 255, np.uint8))
    mask(pairs, "train", 1, np.full((20, 30), 1, np.uint8))
    mask(pairs, "train", 2, np.full((20, 30), 1, np.uint8))
    report = check(pairs)
    assert report.ok
    assert found(report) == {"void-mask": [["0.png"]], "one-class-mask": [["1.png", "2.png"]]}
    assert report.pixels["train"].void == 20 * 30


def test_a_class_without_a_pixel_is_told(pairs, rng):
    for i in range(3):
        mask(pairs, "val", i, rng.integers(0, 2, (20, 30), np.uint8))
    report = check(pairs)
    (finding,) = report.findings
    assert report.ok and finding.kind == "absent-class" and finding.message == "in val, no pixel of 'car'"


def test_masks_of_a_single_class_are_a_problem(pairs):
    for part, count in (("train", 6), ("val", 3)):
        for i in range(count):
            mask(pairs, part, i, np.full((20, 30), 1, np.uint8))
    report = check(pairs)
    # That the other classes of the list have no pixel a training refuses as well.
    assert not report.ok and {"single-class", "untrainable", "absent-class"} <= found(report).keys()
    assert report.rows == [("sky", 0, 0), ("road", 6, 3), ("car", 0, 0)]


def test_palettes_that_differ_are_a_problem(pairs, rng):
    for i, palette in enumerate(((0, 0, 0, 9, 9, 9, 5, 5, 5), (0, 0, 0, 9, 9, 9, 6, 6, 6))):
        picture = Image.fromarray(rng.integers(0, 3, (20, 30), np.uint8), "L")
        picture = picture.convert("P")
        picture.putdata(rng.integers(0, 3, 600).tolist())
        picture.putpalette(palette)
        picture.save(pairs / "train" / "masks" / f"{i}.png")
    report = check(pairs)
    assert "untrainable" in found(report) and "palettes of masks differ" in report.problems[0]


def test_shapes_in_memory_are_sound():
    report = check("shapes", image_size=16)
    assert report.ok and report.parts == ["train", "val", "test"] and report.rows[0][1:] == (240, 40, 60)


def test_masks_of_outlines_are_drawn_and_counted(tmp_path, rng):
    (tmp_path / "coco" / "images").mkdir(parents=True)
    square = [[2, 2, 12, 2, 12, 12, 2, 12]]
    names = [f"{i}.png" for i in range(5)]
    for name in names:
        Image.fromarray(rng.integers(0, 256, (20, 30, 3), np.uint8)).save(tmp_path / "coco" / "images" / name)
    record = {
        "images": [
            {"id": i, "file_name": name, "height": 20, "width": 31 if i == 3 else 30} for i, name in enumerate(names)
        ],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": [
            {"id": i, "image_id": i, "category_id": 1, "segmentation": square, "area": 100, "iscrowd": 0}
            for i in range(4)
        ],
    }
    (tmp_path / "coco" / "annotations.json").write_text(json.dumps(record))
    report = check(tmp_path / "coco")
    assert found(report) == {"mask-size": [["3.png"]], "one-class-mask": [["4.png"]]}
    (part,) = report.pixels.values()
    assert part.pixels.tolist() == [4 * 600 - 300, 300] and part.pictures.tolist() == [4, 3]
