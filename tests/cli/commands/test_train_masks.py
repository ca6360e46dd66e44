"""Bad pictures with masks, from the command line: a sentence, code 3, and nothing written."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def cells(tmp_path):
    root = tmp_path / "cells"
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for number in range(6):
        Image.fromarray(np.full((16, 20, 3), 30 * number, np.uint8)).save(root / f"images/{number}.png")
        Image.fromarray(np.arange(320, dtype=np.uint8).reshape(16, 20) % 3).save(root / f"masks/{number}.png")
    return root


def smaller(root):
    Image.fromarray(np.zeros((16, 19), np.uint8)).save(root / "masks/2.png")


def deep(root):
    Image.fromarray(np.full((16, 20), 700, np.uint16)).save(root / "masks/2.png")


def coloured(root):
    Image.fromarray(np.full((16, 20, 3), (9, 8, 7), np.uint8)).save(root / "masks/2.png")


def jpeg(root):
    (root / "masks/2.png").unlink()
    Image.new("L", (20, 16)).save(root / "masks/2.jpg")


def lonely(root):
    (root / "masks/2.png").unlink()


def orphan(root):
    (root / "images/2.png").unlink()


def empty(root):
    (root / "classes.txt").write_text("ground\nroad\ncar\ntree\n")


def palettes(root):
    for number in range(6):
        mask = Image.fromarray(np.arange(320, dtype=np.uint8).reshape(16, 20) % 3)
        mask.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0] if number else [9, 0, 0, 0, 255, 0, 255, 0, 0])
        mask.save(root / f"masks/{number}.png")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (smaller, "its mask"),
        (deep, "whole numbers from 0 to 255"),
        (coloured, "name,red,green,blue"),
        (jpeg, "Save masks as PNG"),
        (lonely, "has no mask"),
        (orphan, "has no picture"),
        (empty, "no mask has a pixel of value 3"),
        (palettes, "palettes of masks differ"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_bad_masks_end_with_code_3_and_nothing_is_lost(cnnkit, cells, tmp_path, harm, said):
    harm(cells)
    before = {path: path.read_bytes() for path in cells.rglob("*.*")}
    ended = cnnkit("train", "--data", cells, "--output", tmp_path / "run")
    assert ended.code == 3
    assert said in " ".join(ended.err.split())
    assert not (tmp_path / "run").exists()
    assert {path: path.read_bytes() for path in cells.rglob("*.*")} == before


def test_pictures_with_masks_are_divided_together(cnnkit, cells, tmp_path):
    ended = cnnkit("data", "split", cells, "--output", tmp_path / "parts")
    assert ended.code == 0 and "pictures with masks" in ended.out and "cnnkit train --data" in ended.err
    assert len(list((tmp_path / "parts" / "train" / "masks").iterdir())) == 4
    assert cnnkit("data", "split", cells, "--output", tmp_path / "json", "--json").json["parts"]["train"] == 4


def test_void_values_are_checked_before_any_work(cnnkit, cells):
    ended = cnnkit("train", "--data", cells, "--ignore", "300")
    assert ended.code == 2 and "--ignore 255" in ended.err
