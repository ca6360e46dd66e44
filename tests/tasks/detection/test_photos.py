"""The detector in the package, judged on photos whose boxes were drawn by hand."""

import json
import shutil
from statistics import mean

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


def overlap(a, b):
    """Of two boxes x_min, y_min, x_max, y_max."""
    w, h = (min(a[2 + axis], b[2 + axis]) - max(a[axis], b[axis]) for axis in (0, 1))
    both = max(w, 0) * max(h, 0)
    return both / sum([(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)], -both)


def curve(rows, label, least):
    """(recall, precision, the highest one from there on) behind each box of a class that is right, the surest first.

    No thing has two of its class beside it here, so a box is right where the first of that overlap is.
    """
    things = [(number, box) for number, (_, seen) in enumerate(SEEN.values(), 20) for one, *box in seen if one == label]
    found = [row for row in rows if row["category_id"] == 10 * CLASSES.index(label)]
    points, left = [], dict(enumerate(things))
    for k, row in enumerate(sorted(found, key=lambda row: -row["score"]), 1):
        x, y, w, h = row["bbox"]
        fits = [
            key
            for key, (number, true) in left.items()
            if number == row["image_id"] and overlap((x, y, x + w, y + h), true) >= least
        ]
        for key in fits[:1]:
            del left[key]
            right = len(things) - len(left)
            points.append((right / len(things), right / k))
    return [(recall, max(p for _, p in points[n:])) for n, (recall, _) in enumerate(points)]


def area(points):
    """Below the curve, as PASCAL VOC has it since 2010."""
    before = [0.0, *(recall for recall, _ in points)]
    return sum((recall - less) * precision for less, (recall, precision) in zip(before, points, strict=False))


def at_101(points):
    """COCO's: the mean of the precisions at the recalls 0, 0.01, ... 1."""
    return mean(next((p for recall, p in points if recall >= k / 100), 0.0) for k in range(101))


def test_the_detector_of_the_package_is_judged_by_one_command(photos, capsys):
    """What it takes for another thing, the truck for a car and the horse and the dog for sheep, is told as such."""
    words = [
        "evaluate",
        "--model",
        "yolo_fastest",
        "--data",
        photos,
        "--split",
        "all",
        "--save-json",
        photos / "found.json",
    ]
    assert main.run([str(word) for word in [*words, "--json"]]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["n"] == 4 and told["things"] == 9
    shown = {row["label"]: row["recall"] for row in told["per_class"] if row["things"]}
    assert shown == dict.fromkeys(CLASSES, 1.0) | {"truck": 0.0, "horse": 0.0}
    # Both are among the boxes of low scores, and the first of their class.
    assert told["map50"] > 0.8 and told["map"] > 0.4
    rows = json.loads((photos / "found.json").read_text())
    assert told["map50"] == pytest.approx(mean(area(curve(rows, label, 0.5)) for label in CLASSES), abs=1e-9)
    steps = [0.5 + 0.05 * k for k in range(10)]
    coco = mean(mean(at_101(curve(rows, label, least)) for least in steps) for label in CLASSES)
    assert told["map"] == pytest.approx(coco, abs=1e-9)
    assert told["ap50"] == pytest.approx(mean(at_101(curve(rows, label, 0.5)) for label in CLASSES), abs=1e-9)
    wrong = {row["label"]: row["errors"]["wrong_class"] for row in told["per_class"]}
    assert (wrong["car"], wrong["sheep"]) == (1, 2)
    assert {row["image_id"] for row in rows} == {20, 21, 22, 23}
    best = max((row for row in rows if row["image_id"] == 21), key=lambda row: row["score"])
    assert best["category_id"] == 10 * CLASSES.index("person")
