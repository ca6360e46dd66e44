"""Data and networks name the same classes: matched by name, whatever their order."""

from collections.abc import Sequence

import numpy as np

from cnnkit.data.layout.look_alikes import as_known, nearest
from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.use.class_names import are_stand_ins
from cnnkit.errors import DataError

# Classes that a message names.
NAMED = 5


def same_classes(splits: DataSplits, classes: list[str]) -> bool:
    """Whether the data have just these classes, in any order."""
    return len(splits.classes) == len(classes) == len(as_known(splits.classes, classes))


def in_order_of(splits: DataSplits, classes: list[str]) -> DataSplits:
    """The data with their classes counted as here, where they are the same; else as they are."""
    return splits if splits.classes == classes or not same_classes(splits, classes) else splits.with_classes(classes)


def labelled_for(splits: DataSplits, classes: list[str], network: str, part: str) -> tuple[DataSplits, list[str]]:
    """The data labelled as a network counts its classes, and notes on classes without an image in `part`.

    Where pictures have no class each, what classes a part lacks is known only once its targets are read: no note.

    Raises:
        DataError: the data have classes that the network does not know.
    """
    if are_stand_ins(classes) and len(splits.classes) == len(classes):
        said = f"The weights have no class names; those of {splits.name} are used, in their order."
        return splits, [said] if splits.classes != classes else []
    known = as_known(splits.classes, classes)
    if unknown := [name for name in splits.classes if name not in known]:
        raise DataError(
            f"The network {network} knows {len(classes):,} classes ({_some(classes)}), but {splits.name} also has "
            f"{_some(unknown)}.{nearest(unknown[0], classes)} Use data with the same classes, or a network trained on "
            "these."
        )
    splits = splits if splits.classes == classes else splits.with_classes(classes)
    if not splits.part(part).labelled:
        return splits, []
    counts = np.bincount(splits.part(part).labels(), minlength=len(classes))
    empty = [name for name, count in zip(classes, counts, strict=True) if not count]
    return splits, [f"The {part} part has no images of {_some(empty)}."] if empty else []


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(map(repr, names[:NAMED])) + more
