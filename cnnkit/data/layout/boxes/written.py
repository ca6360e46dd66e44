"""The files that tell boxes, in each form that `data/layout/boxes` reads: what is read is what was written."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, final
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from cnnkit.data.layout.boxes.box_csv import HEADER
from cnnkit.data.targets import Boxes

Texts = dict[PurePosixPath, str]
Flags = npt.NDArray[np.bool_]


@final
@dataclass(frozen=True)
class Entry:
    """A picture that is written.   stem, ending: of its new name.   size: (height, width).   boxes: in its pixels."""

    path: Path
    stem: str
    ending: str
    size: tuple[int, int]
    boxes: Boxes

    @property
    def name(self) -> str:
        """Its new name."""
        return self.stem + self.ending


@final
@dataclass(frozen=True)
class Form:
    """picture: where a picture of a part goes, from the part and its new name.   texts: the files beside the pictures.

    lost: which boxes the form cannot tell, and in words why.   orders: whether it keeps classes without boxes, and the
    order of all.
    """

    picture: Callable[[str, str], PurePosixPath]
    texts: Callable[[Mapping[str, Sequence[Entry]], Sequence[str]], Texts]
    lost: Callable[[Boxes], Flags]
    why: str
    orders: bool


def _voc(parts: Mapping[str, Sequence[Entry]], classes: Sequence[str]) -> Texts:
    """Corners count from 1, and the last pixel belongs to the box."""
    texts: Texts = {}
    for part, entries in parts.items():
        texts[PurePosixPath("ImageSets/Main", f"{part}.txt")] = "".join(f"{entry.stem}\n" for entry in entries)
        for entry in entries:
            H, W = entry.size
            lines = [
                "<annotation>",
                f"\t<filename>{escape(entry.name)}</filename>",
                f"\t<size>\n\t\t<width>{W}</width>\n\t\t<height>{H}</height>\n\t</size>",
            ]
            for (left, top, right, bottom), label, crowd in _rows(entry.boxes):
                corners = zip(("xmin", "ymin", "xmax", "ymax"), (left + 1, top + 1, right, bottom), strict=True)
                lines += [
                    "\t<object>",
                    f"\t\t<name>{escape(classes[label])}</name>",
                    f"\t\t<difficult>{int(crowd)}</difficult>",
                    "\t\t<bndbox>" + "".join(f"<{name}>{_number(at)}</{name}>" for name, at in corners) + "</bndbox>",
                    "\t</object>",
                ]
            texts[PurePosixPath("Annotations", f"{entry.stem}.xml")] = "\n".join([*lines, "</annotation>", ""])
    return texts


def _yolo(parts: Mapping[str, Sequence[Entry]], classes: Sequence[str]) -> Texts:
    """Middle and size as shares of the picture; a picture without boxes has an empty file."""
    texts: Texts = {}
    for part, entries in parts.items():
        for entry in entries:
            H, W = entry.size
            lines = []
            for (left, top, right, bottom), label, _ in _rows(entry.boxes):
                shares = (left + right) / 2 / W, (top + bottom) / 2 / H, (right - left) / W, (bottom - top) / H
                lines.append(f"{label} {' '.join(map(repr, shares))}\n")
            texts[PurePosixPath("labels", part, f"{entry.stem}.txt")] = "".join(lines)
    quoted = [name.replace("'", "''") for name in classes]
    names = "".join(f"  {label}: '{name}'\n" for label, name in enumerate(quoted))
    places = "".join(f"{part}: images/{part}\n" for part in parts)
    return texts | {PurePosixPath("data.yaml"): f"path: .\n{places}nc: {len(classes)}\nnames:\n{names}"}


def _coco(parts: Mapping[str, Sequence[Entry]], classes: Sequence[str]) -> Texts:
    """One file a part; ids count from 1."""
    categories = [{"id": label, "name": name} for label, name in enumerate(classes, 1)]
    texts: Texts = {}
    for part, entries in parts.items():
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for key, entry in enumerate(entries, 1):
            H, W = entry.size
            images.append({"id": key, "file_name": entry.name, "height": H, "width": W})
            rows = _rows(entry.boxes)
            areas = [None] * len(rows) if entry.boxes.areas is None else entry.boxes.areas.tolist()
            for ((left, top, right, bottom), label, crowd), area in zip(rows, areas, strict=True):
                width, height = right - left, bottom - top
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": key,
                        "category_id": label + 1,
                        "bbox": [left, top, width, height],
                        "area": width * height if area is None else area,
                        "iscrowd": int(crowd),
                        "segmentation": [],
                    }
                )
        content = {"images": images, "categories": categories, "annotations": annotations}
        texts[PurePosixPath("annotations", f"instances_{part}.json")] = json.dumps(content) + "\n"
    return texts


def _csv(parts: Mapping[str, Sequence[Entry]], classes: Sequence[str]) -> Texts:
    """A row for each box; a picture without boxes has a row of its own."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(HEADER)
    for part, entries in parts.items():
        for entry in entries:
            path = str(PurePosixPath("pictures", entry.name))
            if not len(entry.boxes.labels):
                rows.writerow([path, "", "", "", "", "", part, ""])
            for corners, label, crowd in _rows(entry.boxes):
                rows.writerow([path, *map(_number, corners), classes[label], part, int(crowd)])
    return {PurePosixPath("boxes.csv"): file.getvalue()}


def _rows(boxes: Boxes) -> list[tuple[list[float], int, bool]]:
    """(corners, label, crowd) of each box, in float64."""
    corners: list[list[float]] = boxes.corners.astype(np.float64).tolist()
    return list(zip(corners, boxes.labels.tolist(), boxes.crowd.tolist(), strict=True))


def _number(value: float) -> str:
    """A whole number without a point."""
    return str(int(value)) if value == int(value) else repr(value)


def _none(boxes: Boxes) -> Flags:
    return np.zeros(len(boxes.labels), bool)


def _one_pixel(boxes: Boxes) -> Flags:
    single: Flags = (boxes.corners[:, 2:] - boxes.corners[:, :2] == 1).all(axis=1)
    return single


FORMS = {
    "voc": Form(
        lambda part, name: PurePosixPath("JPEGImages", name),
        _voc,
        _one_pixel,
        "in VOC's files a box of a single pixel is one without extent",
        False,
    ),
    "yolo": Form(
        lambda part, name: PurePosixPath("images", part, name),
        _yolo,
        lambda boxes: boxes.crowd,
        "YOLO's files cannot say that a box is around a crowd, or difficult",
        True,
    ),
    "coco": Form(lambda part, name: PurePosixPath(part, name), _coco, _none, "", True),
    "csv": Form(lambda part, name: PurePosixPath("pictures", name), _csv, _none, "", False),
}
