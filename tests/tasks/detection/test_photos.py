"""The detector in the package, judged on photos whose boxes were drawn by hand."""

import json
import shutil

import pytest

from cnnkit.cli import main

# As they are seen: class, x_min, y_min, x_max, y_max.
SEEN = {
    "dog": ((576, 768), [("dog", 128, 222, 318, 540), ("bicycle", 118, 133, 570, 424), ("truck", 466, 78, 690, 170)]),
    "person": ((424, 640), [("person", 190, 98, 276, 378), ("dog", 64, 262, 210, 350), ("horse", 405, 144, 600, 344)]),
    "eagle": ((512, 773), [("bird", 110, 80, 640, 450)]),
    "giraffe": ((500, 500), [("giraffe", 170, 30, 448, 442), ("zebra", 250, 208, 426, 440)]),
}
CLASSES = ["bicycle", "bird", "dog", "giraffe", "horse", "person", "truck", "zebra"]


@pytest.fixture
def photos(shared, tmp_path):
    """The photos, and a file of COCO's form beside them."""
    pictures, boxes = [], []
    for number, (name, ((height, width), things)) in enumerate(SEEN.items(), 20):
        shutil.copy(shared / "data/photos" / f"{name}.jpg", tmp_path)
        pictures.append({"id": number, "file_name": f"{name}.jpg", "height": height, "width": width})
        for label, x0, y0, x1, y1 in things:
            box = {"id": len(boxes) + 1, "image_id": number, "category_id": 10 * CLASSES.index(label)}
            boxes.append({**box, "bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0), "iscrowd": 0})
    categories = [{"id": 10 * k, "name": name} for k, name in enumerate(CLASSES)]
    told = {"images": pictures, "categories": categories, "annotations": boxes}
    (tmp_path / "annotations.json").write_text(json.dumps(told))
    return tmp_path


def test_the_detector_of_the_package_is_judged_by_one_command(photos, capsys):
    """What it takes for another thing, the truck for a car and the horse and the dog for sheep, is told as such."""
    words = ["evaluate", "yolo_fastest", "--data", photos, "--split", "all", "--save-json", photos / "found.json"]
    assert main.run([str(word) for word in [*words, "--json"]]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["n"] == 4 and told["things"] == 9
    shown = {row["label"]: row["recall"] for row in told["per_class"] if row["things"]}
    assert shown == dict.fromkeys(CLASSES, 1.0) | {"truck": 0.0, "horse": 0.0}
    # Both are among the boxes of low scores, and the first of their class.
    assert told["map50"] > 0.8 and told["map"] > 0.4
    wrong = {row["label"]: row["errors"]["wrong_class"] for row in told["per_class"]}
    assert (wrong["car"], wrong["sheep"]) == (1, 2)
    rows = json.loads((photos / "found.json").read_text())
    assert {row["image_id"] for row in rows} == {20, 21, 22, 23}
    best = max((row for row in rows if row["image_id"] == 21), key=lambda row: row["score"])
    assert best["category_id"] == 10 * CLASSES.index("person")
