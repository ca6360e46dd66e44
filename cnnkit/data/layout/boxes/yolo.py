"""YOLO's annotations: one text file a picture, a line for each box: class, x and y of the middle, width, height.

The class is a number from 0, and the others are shares of the picture's width and height (Redmon & Farhadi, darknet).
"""

import math
from collections.abc import Sequence
from pathlib import Path

from cnnkit.data.layout.boxes.pictures import Fault, Said
from cnnkit.errors import DataError
from cnnkit.serialize.files import read_whole

# Bytes of a file: some ten thousand boxes.
LARGEST = 2 << 20
# A share may be above 1 by what rounding makes.
MOST = 1.01
FIELDS = 5


def read_yolo(path: Path, classes: Sequence[str]) -> tuple[list[Said], list[Fault]]:
    """(the boxes, with corners as shares of the picture; what is wrong with others).

    classes: the names, by number.   DataError where the file is no such text.
    """
    said: list[Said] = []
    faults: list[Fault] = []
    for number, words in _lines(path):
        where = f"line {number}"
        label, x, y, width, height = _numbers(path, where, words)
        name = class_name(label, classes)
        if name is None:
            most = len(classes) - 1
            faults.append(
                Fault(
                    "box-label",
                    str(path),
                    f"{path}, {where}: the class is {words[0]}, expected 0 to {most}. Correct it.",
                )
            )
            continue
        shares = (x, y, abs(width), abs(height))
        if all(map(math.isfinite, shares)) and not (min(x, y) >= 0 and max(shares) <= MOST):
            faults.append(
                Fault(
                    "box-number",
                    str(path),
                    f"{path}, {where}: {' '.join(words[1:])[:80]!r} are no shares of the picture's width and height, "
                    "which are from 0 to 1. Are they pixels? Divide them.",
                )
            )
            continue
        said.append(Said(name, (x - width / 2, y - height / 2, x + width / 2, y + height / 2), where))
    return said, faults


def class_name(label: float, classes: Sequence[str]) -> str | None:
    """The name of a class by its number; None where there is none."""
    return classes[int(label)] if label == label // 1 and 0 <= label < len(classes) else None


def highest_class(path: Path) -> int:
    """The highest number of a class in a file that begins as a line of YOLO does; -1 where it has no line.

    DataError where it is no such text.
    """
    return max((int(max(-1, _numbers(path, f"line {n}", words)[0])) for n, words in _lines(path)), default=-1)


def looks_like_yolo(path: Path) -> bool:
    """Whether a text holds nothing but such lines."""
    try:
        return highest_class(path) >= -1
    except (DataError, ValueError, OverflowError):
        return False


def meant_as_yolo(path: Path) -> bool:
    """Whether each line is of five numbers or more: outlines, or boxes with a score, which reading refuses by line."""
    try:
        return all(len(list(map(float, words))) >= FIELDS for _, words in _lines(path))
    except (DataError, ValueError):
        return False


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """(number, words) of each line that is not empty."""
    try:
        text = read_whole(path, LARGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise DataError(
            f"{path} cannot be read: {why}. Expected a line class x y width height for each box."
        ) from error
    lines = ((number, line.split()) for number, line in enumerate(text.splitlines(), 1))
    return [(number, words) for number, words in lines if words]


def _numbers(path: Path, where: str, words: list[str]) -> list[float]:
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) != FIELDS:
        hint = " Outlines are for segmentation; keep the boxes around them." if len(numbers) > FIELDS else ""
        raise DataError(
            f"{path}, {where} is {' '.join(words)[:80]!r}, expected five numbers: class x y width height.{hint}"
        )
    return numbers
