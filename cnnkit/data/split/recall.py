"""The parts of a run, found again although some of their images are lost: a run can go on without them."""

from dataclasses import replace

from cnnkit.data.open.splits import PARTS, DataSplits
from cnnkit.data.split.parts import Chosen, Parts, Place, everything
from cnnkit.errors import DataError

# Lost images that a note names.
NAMED = 3


def recall(parts: Parts, splits: DataSplits) -> DataSplits:
    """The recorded parts, made of what is left of the data.

    A lost training image gives its turn to the next one on the list that is there, so each batch has the images that it
    would have had, but the lost ones. Lost validation and test images are left out.

    Raises:
        DataError: an image is there and differs, one is there that the run did not know, or nothing is left of a part.
    """
    there = {place.name: place for place in everything(splits)}
    _check_others(parts, there)
    chosen: dict[str, Chosen] = {}
    lost: dict[str, list[str]] = {}
    for part in PARTS:
        places = [there.get(item.name) for item in parts[part]]
        lost[part] = [item.name for item, place in zip(parts[part], places, strict=True) if place is None]
        left = [place for place in places if place is not None]
        if not left:
            raise DataError(f"None of the {len(places):,} images of the {part} part is left. Put the old data back.")
        chosen[part] = Chosen(_filled(places, left) if part == "train" else left, splits.train)
    sizes = ", ".join(f"{len(chosen[part])} {part}" for part in PARTS)
    return replace(
        splits,
        train=chosen["train"],
        val=chosen["val"],
        test=chosen["test"],
        found=f"{splits.what}: {sizes}, {len(splits.classes)} classes",
        notes=[*splits.notes, *_notes(lost)],
    )


def _check_others(parts: Parts, there: dict[str, Place]) -> None:
    known = {item.name: item for items in parts.values() for item in items}
    for name, place in there.items():
        item = known.get(name)
        if item is None or place.dataset.mark(place.index) != item.digest:
            what = "is new" if item is None else "has changed"
            raise DataError(
                f"The data have changed since the run began: {name} {what}. A run goes on without lost images, but "
                "not with others. Put the old data back, or start a new run."
            )


def _filled(places: list[Place | None], left: list[Place]) -> list[Place]:
    """Each gap filled with the place that follows it, the last ones with the first of all."""
    found: list[Place] = []
    following = left[0]
    for place in reversed(places):
        following = place or following
        found.append(following)
    return found[::-1]


def _notes(lost: dict[str, list[str]]) -> list[str]:
    notes = []
    for part, names in lost.items():
        if names:
            shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
            images = "1 image" if len(names) == 1 else f"{len(names):,} images"
            what = "another image is used instead" if part == "train" else "left out"
            notes.append(f"The {part} part has lost {images} ({shown}): {what}.")
    return notes
