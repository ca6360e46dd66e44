"""The same few pictures with boxes in the forms that are read: what one form says, the others say too."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 40, 60
# part -> picture -> its boxes: class, x_min, y_min, x_max, y_max in pixels, and whether it is a crowd.
BOXES = {
    "train": {
        "a": [("dog", 4, 5, 24, 35, False), ("cat", 30, 10, 50, 30, False)],
        "b": [("cat", 0, 0, 60, 40, False)],
        "c": [],
    },
    "val": {"d": [("dog", 10, 10, 20, 21, True), ("cat", 3, 2, 4, 30, False)]},
    "test": {"e": [("dog", 59, 0, 60, 40, False)]},
}
CLASSES = ["cat", "dog"]


def write_picture(path: Path, size: tuple[int, int] = (HEIGHT, WIDTH)) -> Path:
    """A picture of noise that its name decides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(list(path.stem.encode()))
    Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).save(path)
    return path


def xml(boxes: list[tuple], size: tuple[int, int] = (HEIGHT, WIDTH)) -> str:
    """An annotation of VOC's form; corners count from 1."""
    objects = "".join(
        f"<object><name>{label}</name><difficult>{int(crowd)}</difficult><bndbox><xmin>{left + 1}</xmin>"
        f"<ymin>{top + 1}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
        for label, left, top, right, bottom, crowd in boxes
    )
    return f"<annotation><size><width>{size[1]}</width><height>{size[0]}</height></size>{objects}</annotation>"


def voc(root: Path, data: dict = BOXES) -> Path:
    """JPEGImages/, Annotations/ and ImageSets/Main/."""
    for part, pictures in data.items():
        for stem, boxes in pictures.items():
            write_picture(root / "JPEGImages" / f"{stem}.png")
            put(root / "Annotations" / f"{stem}.xml", xml(boxes))
        put(root / "ImageSets/Main" / f"{part}.txt", "".join(f"{stem}\n" for stem in pictures))
    return root


def yolo(root: Path, data: dict = BOXES) -> Path:
    """images/train, labels/train, … and data.yaml; a picture without boxes has no file, and crowds are unknown."""
    for part, pictures in data.items():
        for stem, boxes in pictures.items():
            write_picture(root / "images" / part / f"{stem}.png")
            lines = [
                f"{CLASSES.index(label)} {(left + right) / 2 / WIDTH!r} {(top + bottom) / 2 / HEIGHT!r} "
                f"{(right - left) / WIDTH!r} {(bottom - top) / HEIGHT!r}\n"
                for label, left, top, right, bottom, _ in boxes
            ]
            if lines:
                put(root / "labels" / part / f"{stem}.txt", "".join(lines))
    places = "".join(f"{part}: images/{part}\n" for part in data)
    put(root / "data.yaml", f"path: .\n{places}nc: 2\nnames: [{', '.join(CLASSES)}]\n")
    return root


def coco(root: Path, data: dict = BOXES) -> Path:
    """train/, val/ and test/ with annotations/instances_train.json and so on."""
    for part, pictures in data.items():
        for stem in pictures:
            write_picture(root / part / f"{stem}.png")
        put(root / "annotations" / f"instances_{part}.json", json.dumps(coco_json(pictures)))
    return root


def coco_json(pictures: dict) -> dict:
    """What one file holds. Ids have gaps, and categories are in no order."""
    return {
        "images": [
            {"id": 10 * k, "file_name": f"{stem}.png", "height": HEIGHT, "width": WIDTH}
            for k, stem in enumerate(pictures)
        ],
        "categories": [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}],
        "annotations": [
            {
                "id": 100 * k + n,
                "image_id": 10 * k,
                "category_id": {"cat": 3, "dog": 7}[label],
                "bbox": [left, top, right - left, bottom - top],
                "area": (right - left) * (bottom - top),
                "iscrowd": int(crowd),
                "segmentation": [],
            }
            for k, boxes in enumerate(pictures.values())
            for n, (label, left, top, right, bottom, crowd) in enumerate(boxes)
        ],
    }


def csv(root: Path, data: dict = BOXES) -> Path:
    """boxes.csv beside pictures/."""
    rows = ["path,x_min,y_min,x_max,y_max,label,split,crowd"]
    for part, pictures in data.items():
        for stem, boxes in pictures.items():
            path = write_picture(root / "pictures" / f"{stem}.png").relative_to(root)
            rows += [
                f"{path},{left},{top},{right},{bottom},{label},{part},{int(crowd)}"
                for label, left, top, right, bottom, crowd in boxes
            ] or [f"{path},,,,,,{part},"]
    return put(root / "boxes.csv", "\n".join(rows) + "\n")


FORMS = {"voc": voc, "yolo": yolo, "coco": coco, "csv": csv}


# Twenty pictures of one part, each with a box that says which it is; the last has none.
WHOLE = {
    "train": {f"p{k}": [("dog" if k % 2 else "cat", 4 + k, 5, 34 + k, 30, False)] for k in range(19)} | {"p19": []}
}


def undivided(root: Path, form: str) -> Path:
    """WHOLE in this form, as data without parts."""
    place = FORMS[form](root, WHOLE)
    if form == "voc":
        (root / "ImageSets/Main/train.txt").unlink()
    if form == "csv":
        lines = [line.split(",") for line in place.read_text().splitlines()]
        put(place, "".join(",".join([*line[:6], *line[7:]]) + "\n" for line in lines))
    return place


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def said(listing) -> dict:
    """What a listing says, as BOXES has it, of pictures of that size."""
    found: dict = {}
    for part, pictures in listing.parts.items():
        for picture in pictures:
            boxes = picture.boxes((HEIGHT, WIDTH))
            found.setdefault(part, {})[picture.path.stem] = [
                (listing.classes[label], *corners, crowd)
                for corners, label, crowd in zip(
                    boxes.corners.tolist(), boxes.labels.tolist(), boxes.crowd.tolist(), strict=True
                )
            ]
    return found
