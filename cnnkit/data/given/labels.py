"""Labels as Python code hands them over: numbers, texts, truth values, or one column per class."""

from collections.abc import Iterator, Mapping, Set
from typing import Any

import numpy as np

from cnnkit.data.given.pictures import array_of
from cnnkit.data.layout.look_alikes import as_known, nearest, same
from cnnkit.data.sample import Labels
from cnnkit.errors import DataError
from cnnkit.kernels.shared.array import Host


def labels_of(given: Any, name: str, count: int, images: str) -> Host:
    """(n,) int64 or, of texts and truth values, object: one label for each of `count` images.

    given: (n,), (n, 1), or one-hot (n, K).   name, images: what labels and images are called in messages.

    Raises:
        DataError: another number of labels, or something that names no class.
    """
    if isinstance(given, Iterator):
        given = list(given)
    if given is None or isinstance(given, Set | Mapping):
        raise DataError(
            f"{name} is a {type(given).__name__}, expected an array or a list: one label for each of the {count:,} "
            f"images of {images}, in their order."
        )
    if not isinstance(given, str) and hasattr(given, "__len__") and hasattr(given, "__iter__"):
        _check_one_kind(given, name)
    labels = array_of(given, name)
    shown = f"{name} is {labels.dtype} {labels.shape}"
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim not in (1, 2):
        swapped = " Are images and labels swapped?" if labels.ndim > 2 else ""
        raise DataError(f"{shown}, expected one label for each of the {count:,} images of {images}.{swapped}")
    if len(labels) != count:
        raise DataError(
            f"{images} holds {count:,} images, but {name} holds {len(labels):,} labels. Give one label for each image."
        )
    if labels.ndim == 2:
        return _from_columns(labels, shown)
    if labels.dtype == object:
        # Columns of pandas hold numbers of NumPy's, each by itself.
        plain = [_plain(label) for label in labels.tolist()]
        if all(map(_is_number, plain)):
            labels = np.array(plain)
    kind = labels.dtype.kind
    if kind == "u" and len(labels) and int(labels.max()) >= 2**63:
        raise DataError(f"{shown} up to {labels.max()}: too large to name classes.")
    if kind == "f":
        return _from_floats(labels, shown)
    if kind in "iu":
        return labels.astype(np.int64)
    if kind in "bUSO" and len(labels):
        return np.array([_text(label, name, index) for index, label in enumerate(labels.tolist())], object)
    if not len(labels):
        return np.zeros(0, np.int64)
    raise DataError(f"{shown}, expected whole numbers or texts, one for each image.")


def classes_of(labels: Host, name: str, notes: list[str]) -> list[str]:
    """The classes that training labels name, in order; each is called as its label."""
    distinct = sorted(set(labels.tolist()))
    if labels.dtype == object:
        # One spelling of each name.
        return list(dict.fromkeys(as_known(map(str, distinct), map(str, distinct)).values()))
    if distinct == list(range(len(distinct))):
        return [str(label) for label in distinct]
    shown = ", ".join(str(label) for label in distinct[:6]) + (", …" if len(distinct) > 6 else "")
    notes.append(f"{name} holds the numbers {shown}: {len(distinct)} classes, each named by its number.")
    return [str(label) for label in distinct]


def numbers_among(labels: Host, classes: list[str], name: str, *, by_place: bool = False) -> Labels:
    """Labels as the places of their classes.

    by_place: numbers that are no names of classes are their places.
    """
    place = {same(text): number for number, text in enumerate(classes)}
    if by_place and labels.dtype != object and not all(str(label) in place for label in set(labels.tolist())):
        place = {str(number): number for number in range(len(classes))}
    unknown = sorted({same(str(label)) for label in set(labels.tolist())} - place.keys())
    if unknown:
        known = ", ".join(list(place)[:6]) + (", …" if len(place) > 6 else "")
        raise DataError(
            f"{name} has the label {unknown[0]!r:.60}, which is none of the {len(classes)} classes ({known})."
            + (nearest(unknown[0], classes) or " Is it misspelt, or does the training part lack it?")
        )
    return np.array([place[same(str(label))] for label in labels.tolist()], np.int64)


def _check_one_kind(given: Any, name: str) -> None:
    """NumPy would turn [1, "a"] into texts without a word."""
    labels = given if isinstance(given, list | tuple) else array_of(given, name)
    if isinstance(labels, list | tuple) or (labels.dtype == object and labels.ndim == 1):
        others = [label for label in labels if label is not None and not isinstance(label, str)]
        if others and any(isinstance(label, str) for label in labels):
            raise DataError(f"{name} mixes texts and other labels, such as {others[0]!r:.60}. Use one kind for all.")


def _from_columns(labels: Host, shown: str) -> Host:
    one_hot = labels.dtype.kind in "biuf" and len(labels) and bool(((labels == 0) | (labels == 1)).all())
    if not one_hot or not bool((labels.sum(axis=1) == 1).all()):
        raise DataError(
            f"{shown}; expected (n,) labels, or one-hot rows with a single 1 and else 0. An image has one class here."
        )
    return np.asarray(labels.argmax(axis=1), np.int64)


def _from_floats(labels: Host, shown: str) -> Host:
    if not bool(np.isfinite(labels).all()) or not bool((labels == np.rint(labels)).all()):
        odd = labels[~(labels == np.rint(labels)) | ~np.isfinite(labels)][0]
        raise DataError(
            f"{shown} and holds {odd:g}, which names no class. Expected whole numbers or texts; a network here tells "
            "classes apart, it does not predict amounts."
        )
    if len(labels) and np.abs(labels).max() >= 2**53:
        raise DataError(f"{shown} up to {np.abs(labels).max():g}: too large to name classes.")
    return labels.astype(np.int64)


def _is_number(label: Any) -> bool:
    return isinstance(label, int | float) and not isinstance(label, bool)


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def _text(label: Any, name: str, index: int) -> str:
    label = _plain(label)
    if isinstance(label, bytes):
        label = label.decode("utf-8", "replace")
    if isinstance(label, bool | int | str) and str(label).strip():
        return str(label)
    raise DataError(
        f"{name} holds {label!r:.60} at {index} (counted from 0), expected a whole number or a text that names a class."
    )
