"""Which of the things that Python code hands over are images and labels, and of which part of the data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from cnnkit.data.given.pictures import SINGLE, array_of, is_array
from cnnkit.errors import DataError, ResourceError, UsageError

EXPECTED = (
    "(X, y), (X_train, y_train, X_test, y_test), (X_train, y_train, X_val, y_val, X_test, y_test), or (image, label) "
    "pairs one after another"
)
_PARTS = {1: ("train",), 2: ("train", "test"), 3: ("train", "val", "test")}


@final
@dataclass(frozen=True)
class GivenPart:
    """Images and labels as they came.   x, y: what they are called in messages."""

    images: Any
    labels: Any
    x: str = "X"
    y: str = "y"


def given_parts(data: Any, room: int | None = None) -> dict[str, GivenPart]:
    """train, and perhaps val and test, of anything that EXPECTED names; parts may be pairs, as Keras gives them.

    room: bytes that images may take which come one after another.
    """
    if isinstance(data, (Mapping, *SINGLE)) or is_array(data):
        raise UsageError(f"The data are a {type(data).__name__}; expected {EXPECTED}, or the name of a folder or file.")
    if isinstance(data, list | tuple):
        if len(data) in _PARTS and all(_is_part(item) for item in data):
            data = [half for item in data for half in item]
        if len(data) in (2, 4, 6) and not any(all(map(kind, data)) for kind in (_is_sample, _is_part)):
            return _by_place(list(data))
        if data and all(is_array(item) for item in data):
            raise UsageError(f"The data are {len(data)} array{'s' * (len(data) > 1)}; expected {EXPECTED}.")
    return {"train": _collected(data, room)}


def _by_place(halves: list[Any]) -> dict[str, GivenPart]:
    names = _PARTS[len(halves) // 2]
    ends = [f"_{name}" for name in names] if len(names) > 1 else [""]
    return {
        name: GivenPart(halves[2 * k], halves[2 * k + 1], f"X{end}", f"y{end}")
        for k, (name, end) in enumerate(zip(names, ends, strict=True))
    }


def _is_sample(item: Any) -> bool:
    """(image, label): the label is one thing."""
    return isinstance(item, list | tuple) and len(item) == 2 and _is_label(item[1]) and not _is_number(item[0])


def _is_part(item: Any) -> bool:
    """(images, labels): the labels are several things."""
    return isinstance(item, list | tuple) and len(item) == 2 and not any(_is_label(half) for half in item)


def _is_label(item: Any) -> bool:
    if item is None or isinstance(item, str | bytes) or _is_number(item):
        return True
    return is_array(item) and getattr(item, "shape", None) in ((), (1,))


def _is_number(item: Any) -> bool:
    return isinstance(item, int | float | np.generic)


def _collected(data: Any, room: int | None) -> GivenPart:
    """Pairs of images and labels, one after another."""
    images, labels, taken = [], [], 0
    for number, item in enumerate(_items(data)):
        if not isinstance(item, list | tuple) or len(item) != 2:
            what = f"a {type(item).__name__}" + (f" of {len(item)}" if isinstance(item, list | tuple) else "")
            raise UsageError(
                f"Item {number} of the data is {what}, expected (image, label). The data may be {EXPECTED}."
            )
        image, label = item
        if not _is_label(label) and not _is_one_hot(label):
            raise DataError(
                f"Item {number} of the data has a label of type {type(label).__name__}, expected a number or a text. "
                "Do items hold whole batches? Pass one image at a time."
            )
        images.append(image)
        labels.append(_plain(label))
        taken += int(getattr(image, "nbytes", 0))
        if room is not None and taken > room:
            raise ResourceError(
                f"The first {number + 1:,} images take {taken / 1e6:,.0f} MB, more than the {room / 1e6:,.0f} MB that "
                "images may take. Does the sequence end? Pass fewer or smaller images, or a folder of pictures."
            )
    if not images:
        raise DataError(f"The data hold no images; expected {EXPECTED}.")
    return GivenPart(images, labels, "The data", "The labels")


def _items(data: Any) -> Iterator[Any]:
    if not hasattr(data, "__iter__") and hasattr(data, "__getitem__") and hasattr(data, "__len__"):
        # As torch's data sets are.
        return (data[index] for index in range(len(data)))
    try:
        return iter(data)
    except TypeError:
        raise UsageError(f"The data are a {type(data).__name__}; expected {EXPECTED}.") from None


def _is_one_hot(label: Any) -> bool:
    if not is_array(label) and not isinstance(label, list | tuple):
        return False
    column = array_of(label, "A label")
    return column.ndim == 1 and column.dtype.kind in "biuf" and float(column.sum()) == 1 and column.max() == 1


def _plain(label: Any) -> Any:
    """A number or a text out of an array that holds one."""
    if isinstance(label, str | bytes) or not is_array(label):
        return label
    array = array_of(label, "A label")
    return array.reshape(-1)[0] if array.size == 1 else array
