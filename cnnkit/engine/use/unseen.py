"""Which images a network may be judged on: those that its run set aside, and never any that it was trained on."""

import hashlib
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from cnnkit.data.layout.look_alikes import as_known
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.split.parts import (
    Chosen,
    Parts,
    Place,
    class_of,
    drawn,
    everything,
    from_csv,
    match,
    share_known,
    without,
)
from cnnkit.engine.records.results import DataChanges
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.overfit import few
from cnnkit.engine.use.class_names import are_stand_ins
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import DataError, UsageError
from cnnkit.serialize.files import read_whole

# A line for each image; of millions it has some hundred megabytes.
_LARGEST = 512 * 2**20
# Instead of a part: every image, whatever its part.
ALL = "all"
# Data of which so much was in the run are the data of the run, wherever they are now.
SAME_DATA = 0.5


@final
@dataclass(frozen=True)
class Judged:
    """splits: the data; the part that is judged is the right one.   said: what the user should know of it, sentences.

    changes: how the data differ from those of the run; None where nobody can tell, or they are other data.
    """

    splits: DataSplits
    said: list[str]
    changes: DataChanges | None = None


def digest(parts: bytes) -> str:
    """What a weight file keeps of the list of its run, so that no other list is taken for it."""
    return hashlib.sha256(parts).hexdigest()


def judged_on(predictor: Predictor, splits: DataSplits, split: str, *, given: str | Path | DataSplits | None) -> Judged:
    """The opened data with the right images in the part called `split`; where that is ALL, in the test part.

    given: what the user named, or opened, as data; None for those of the training.

    Raises:
        DataError: none of the part is left, or which images were trained on cannot be told.
        UsageError: all are asked for, but some were trained on.
    """
    trained_on = predictor.record.get("data_options", {}).get("data")
    own = given is None or (not isinstance(given, DataSplits) and _same_place(given, trained_on))
    parts = _recorded(predictor)
    if split == ALL:
        return _all(predictor, parts, splits, own=own)
    if parts is None:
        return _by_checksum(predictor, splits, split, own=own, named=given is not None)
    # A test part that Python code gave is judged as it is.
    brought = isinstance(given, DataSplits) and not drawn(splits)
    if own or (not brought and share_known(parts, splits) >= SAME_DATA):
        return _by_record(predictor, parts, splits, split)
    return _others(parts, splits, split)


def recorded(run: Run, expected: object) -> tuple[bytes, Parts] | None:
    """The list of its parts that a run keeps, as it is stored and as it is read; None where there is no such list.

    expected: its checksum; None where none is known.
    """
    try:
        data = read_whole(run.parts, _LARGEST)
        return (data, from_csv(data)) if expected in (None, digest(data)) else None
    except (OSError, ValueError):
        return None


def _recorded(predictor: Predictor) -> Parts | None:
    """The parts that the run of these weights noted; None where there is no such list, or not that of these weights."""
    expected = predictor.record.get("parts_sha256")
    if predictor.folder is None or not isinstance(expected, str):
        return None
    found = recorded(Run(predictor.folder), expected)
    return found and found[1]


def _by_record(predictor: Predictor, parts: Parts, splits: DataSplits, split: str) -> Judged:
    found = match(parts, split, splits)
    changes = DataChanges(found.gone, found.changed, found.new)
    n = len(parts[split])
    if not found.places:
        raise DataError(
            f"None of the {n:,} images of the run's {split} part can be used: "
            f"{_what_became(found.gone, found.changed)}. "
            "Put the old data back, or give data that were not used for training: --data."
        )
    said = [f"{splits.what}; evaluated on the {split} part that the run recorded: {len(found.places):,} images."]
    if found.gone or found.changed:
        said.append(
            f"The data have changed since the training. Of the {n:,} images of the {split} part, "
            f"{_what_became(found.gone, found.changed)}: these are left out."
        )
    if found.new:
        said.append(f"Left out, because new since the training: {_images(found.new)}.")
    return Judged(_of_classes(predictor, splits, found.places) or _with(splits, split, found.places), said, changes)


def _others(parts: Parts, splits: DataSplits, split: str) -> Judged:
    """Other data, without those among them that were trained on or chose the best epoch."""
    if split == "train":
        return _part(splits, split)
    learned = {item.digest for part in ("train", "val") if part != split for item in parts[part]}
    kept, known = without(splits, split, learned)
    if not known:
        return _part(splits, split)
    if not kept:
        raise DataError(
            f"All {known:,} images of the {split} part of {splits.name} were used for training: they do not tell how "
            "well the network does. Give other data: --data."
        )
    said = f"{splits.what}; evaluated on the {split} part. Left out, because used for training: {_images(known)}."
    return Judged(_with(splits, split, kept), [said])


def _all(predictor: Predictor, parts: Parts | None, splits: DataSplits, *, own: bool) -> Judged:
    """Other data whole, without those among them that were trained on or chose the best epoch."""
    if own or (parts is not None and share_known(parts, splits) >= SAME_DATA):
        raise UsageError(
            f"{predictor.name} was trained on images of {splits.name}, so all of them together do not tell how well it "
            "does. Judge a part that was kept from it: --split test."
        )
    learned = {item.digest for part in ("train", "val") for item in parts[part]} if parts else set()
    found = list(everything(splits))
    kept = [place for place in found if not learned or place.dataset.mark(place.index) not in learned]
    if not kept:
        raise DataError(f"All images of {splits.name} were used for training. Give other data: --data.")
    known = len(found) - len(kept)
    left = f" Left out, because used for training: {_images(known)}." if known else ""
    return Judged(_with(splits, "test", kept), [f"{splits.what}; evaluated on all {_images(len(kept))}.{left}"])


def _by_checksum(predictor: Predictor, splits: DataSplits, split: str, *, own: bool, named: bool) -> Judged:
    """Without a list of the parts, drawing them again gives the same ones only where the data are the same."""
    record = predictor.record
    expected = record.get("data_sha256")
    if not own or not isinstance(expected, str):
        return _part(splits, split)
    again = _few_again(predictor, splits)
    if expected == again.fingerprint():
        return Judged(again, [_as_found(again, split)], DataChanges())
    if named and split == "test" and not drawn(splits):
        return Judged(splits, [_as_found(splits, split), "The data have changed since the training."])
    raise DataError(
        f"{splits.what}: the data have changed since the training, and which images were in its {split} part is not "
        f"recorded {_where(record)}. Parts drawn again would hold images that were used for training. Put the old data "
        "back, or give data that were not used for training: --data."
    )


def _few_again(predictor: Predictor, splits: DataSplits) -> DataSplits:
    """The few images of a run with --overfit, from whose command alone that can be seen."""
    try:
        words = shlex.split(predictor.record.get("command") or "")
    except ValueError:  # no command of ours
        return splits
    if "--overfit" not in words[:-1]:
        return splits
    count = words[words.index("--overfit") + 1]
    seed = predictor.record.get("data_options", {}).get("seed", 0)
    return few(splits, int(count), seed) if count.isdigit() and int(count) <= len(splits.train) else splits


def _where(record: dict[str, object]) -> str:
    if "parts_sha256" in record:
        return "beside these weights (the run folder has that list: give the run itself)"
    return "(runs of version 0.2 and later record it)"


def _with(splits: DataSplits, split: str, places: list[Place]) -> DataSplits:
    chosen = Chosen(places, splits.train)
    return replace(
        splits,
        train=chosen if split == "train" else splits.train,
        val=chosen if split == "val" else splits.val,
        test=chosen if split == "test" else splits.test,
    )


def _of_classes(predictor: Predictor, splits: DataSplits, places: list[Place]) -> DataSplits | None:
    """These samples without the classes that came to the data since the training; None where there are no such."""
    if not splits.train.labelled:
        return None  # a picture may hold any class
    known = as_known(splits.classes, predictor.classes)
    if are_stand_ins(predictor.classes) or len(known) == len(splits.classes):
        return None
    if any(class_of(place) not in known for place in places):
        return None
    chosen = Chosen(places, splits.train, list(known))
    return replace(splits, train=chosen, val=chosen, test=chosen)


def _same_place(given: str | Path, trained_on: object) -> bool:
    if not isinstance(trained_on, str):
        return False
    return str(given) == trained_on or Path(given).expanduser().resolve() == Path(trained_on).expanduser().resolve()


def _part(splits: DataSplits, split: str) -> Judged:
    """One part of data that were not trained on; DataError where so few have been divided that it is empty."""
    count, said = len(splits.part(split)), [_as_found(splits, split)]
    if not drawn(splits):
        return Judged(splits, said)
    if not count:
        raise DataError(f"{splits.what}: too few images to draw a {split} part from. Judge all of them: --split {ALL}.")
    were = "was" if count == 1 else "were"
    more = f"The data have no parts, so {_images(count)} {were} drawn at random. To judge all of them: --split {ALL}."
    return Judged(splits, [*said, more])


def _as_found(splits: DataSplits, split: str) -> str:
    return f"{splits.found}; evaluated on the {split} part."


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _what_became(gone: int, changed: int) -> str:
    told = [f"{gone:,} {'is' if gone == 1 else 'are'} gone"] if gone else []
    if changed:
        told.append(f"{changed:,} {'has' if changed == 1 else 'have'} changed")
    return " and ".join(told) or "there are none"
