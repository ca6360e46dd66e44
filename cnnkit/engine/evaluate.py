"""How well a trained network does on data: what its task measures, and which images it is most wrong about."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from cnnkit.data.open.source import IN_MEMORY
from cnnkit.data.open.splits import VAL_FRACTION, DataSplits
from cnnkit.data.picture.pixel_range import FEW_BITS, WHITE
from cnnkit.data.picture.sheet import SIDE, Tile, check_sheet_path, contact_sheet, save_sheet
from cnnkit.data.sets.base import Dataset
from cnnkit.engine.records.events import EvaluateFinished, EvaluateStep, Event, Note
from cnnkit.engine.records.results import DataChanges, EvaluateResult
from cnnkit.engine.run.elsewhere import check_there
from cnnkit.engine.use.judge import judge
from cnnkit.engine.use.predictor import Predictor
from cnnkit.engine.use.reading import open_as
from cnnkit.engine.use.same_classes import labelled_for
from cnnkit.engine.use.unseen import ALL, Judged, judged_on
from cnnkit.errors import DataError, UsageError
from cnnkit.serialize import files, plain_json
from cnnkit.serialize.outputs import check_output
from cnnkit.tasks import Tally

if TYPE_CHECKING:
    from PIL.Image import Image

# Pictures on a sheet, unless a number is given.
ON_A_SHEET = 24
# How much larger tiles are that show a mask: single pixels count.
LARGER = 2


def evaluate(
    predictor: Predictor,
    data: str | Path | DataSplits | None = None,
    *,
    split: str = "test",
    batch_size: int | None = None,
    on_unreadable: str = "refuse",
    top_losses: int = 0,
    sheet: Path | None = None,
    saved: Path | None = None,
    exist_ok: bool = False,
) -> Iterator[Event]:
    """Judge a network on one part of the data; the last event is EvaluateFinished.

    Args:
        data: a name, a folder or opened data; None is what the network was trained on.
        split: "train", "val" or "test"; of data by name that were not trained on "all" too, whatever their parts.
        batch_size: images at once; by default as many as their size allows.
        top_losses: how many of the images with the highest loss to name.
        sheet: a picture file to show them in.   saved: a JSON file for every answer, as `Task.saved` has them.
        exist_ok: lets these be written over.
    """
    task = predictor.task
    if (sheet is not None or top_losses) and not task.worst:
        raise UsageError(
            f"The task {task.name} names no images with the highest loss. Leave --top-losses and --sheet out."
        )
    if sheet is not None:
        check_sheet_path(sheet, exist_ok=exist_ok)
        top_losses = top_losses or ON_A_SHEET
    if saved is not None:
        if not task.saves:
            raise UsageError(f"The task {task.name} has no results in COCO's form. Leave --save-json out.")
        check_output(saved, exist_ok=exist_ok)
    passed = yield from passing(
        predictor, data, split=split, batch_size=batch_size, on_unreadable=on_unreadable, top_losses=top_losses
    )
    tally, part = passed.tally, passed.part
    measured = task.measured(tally, part, top_losses=top_losses, source=predictor.source)
    if sheet is not None:
        rows = [task.tiles(part, row, k, tally) for k, row in enumerate(measured.top_losses, 1)]
        save_sheet(sheet, task.captioned(_drawn(rows)))
    if saved is not None:
        files.write_atomic(saved, plain_json.text(task.saved(tally, part)).encode())
    yield EvaluateFinished(
        EvaluateResult(
            measured=measured,
            model=predictor.name,
            source=predictor.source,
            data=passed.data,
            split=split,
            task=task.name,
            sheet=None if sheet is None else str(sheet),
            changes=passed.changes,
        )
    )


@final
@dataclass(frozen=True)
class Passed:
    """A part of the data that went through a network, image by image.

    tally: what was counted, in the order of `part`.   data: their name.
    changes: since the training; None where they are other data, or nobody can tell.
    """

    part: Dataset
    tally: Tally
    data: str
    changes: DataChanges | None


def passing(
    predictor: Predictor,
    data: str | Path | DataSplits | None = None,
    *,
    split: str = "test",
    batch_size: int | None = None,
    on_unreadable: str = "refuse",
    top_losses: int = 0,
) -> Generator[Event, None, Passed]:
    """What `evaluate` judges, before it is summed up: for whoever asks about single images. Its value is Passed."""
    task = predictor.task
    if isinstance(data, DataSplits):
        data.part(split)
    if isinstance(data, DataSplits) and data.name == IN_MEMORY:
        judged = judged_on(predictor, data, split, given=data)
    elif isinstance(data, DataSplits):
        judged = Judged(data, [f"{data.found}; evaluated on the {split} part."])
    else:
        opened = open_for(predictor, data, on_unreadable=on_unreadable)
        if split != ALL:
            opened.part(split)
        judged = judged_on(predictor, opened, split, given=data)
    splits = judged.splits
    _check_fits(predictor, splits)
    judged_part = "test" if split == ALL else split
    splits, said = labelled_for(splits, predictor.classes, predictor.name, judged_part)
    part = splits.part(judged_part)
    yield from map(Note, [*judged.said, *said])
    tally = task.whole_tally(top_losses)
    for done in judge(task, predictor.planned, part, predictor.preprocessing, tally, batch_size=batch_size):
        yield EvaluateStep(done, len(part))
    return Passed(part, tally, splits.name, judged.changes)


def _drawn(rows: Sequence[Sequence[Tile]]) -> "Image":
    """A sheet of the worst images; where each has several tiles they are larger, and stand in a row of their own."""
    across, tiles = max((len(row) for row in rows), default=1), [tile for row in rows for tile in row]
    return contact_sheet(tiles) if across == 1 else contact_sheet(tiles, columns=across, side=LARGER * SIDE)


def open_for(predictor: Predictor, data: str | Path | None = None, *, on_unreadable: str = "refuse") -> DataSplits:
    """Data as this network reads them: its own, split as in training, or others brought to its size and channels."""
    trained_on: dict[str, Any] = predictor.record.get("data_options", {})
    if data is None and predictor.record.get("converted_from") and not trained_on:
        raise UsageError(
            f"{predictor.source} does not say what data it was trained on. Give the data to evaluate it on: --data."
        )

    if data is None:
        check_there(trained_on.get("data"), predictor.folder, option="--data")

    def opened(white: int | None) -> DataSplits:
        return open_as(
            predictor.preprocessing,
            trained_on.get("data") if data is None else data,
            seed=trained_on.get("seed", 0),
            val_fraction=trained_on.get("val_fraction", VAL_FRACTION),
            skip_unreadable=on_unreadable == "skip" or trained_on.get("on_unreadable") == "skip",
            learn=data is None,
            network=() if data is None else predictor.classes,
            white=white,
            task=predictor.task.name,
            trained=predictor.task.name,
            ignore=trained_on.get("ignore"),
        )

    known = predictor.preprocessing.white
    if data is None:
        return opened(known)
    # Other data tell themselves what is white; those that are only darker than the network's are on its scale.
    found = opened(None)
    white = found.preprocessing.white
    darker = white not in FEW_BITS and (white < known or white == WHITE)
    return opened(known) if known != WHITE and white != known and darker else found


def _check_fits(predictor: Predictor, splits: DataSplits) -> None:
    known, found, kind = predictor.preprocessing, splits.preprocessing, predictor.task
    if not kind.learns_from(splits.train):
        raise DataError(
            f"{predictor.name} is a network for {kind.name}, but {splits.name} is for {splits.train.task}. Use data "
            "for that task, or another network."
        )
    if known.keeps_size:
        shape, fits = found.shape, found.channels == known.channels
    else:
        # Images in arrays are judged as they are, whatever window a training would see of them.
        shape = splits.test[0].image.shape if found.keeps_size else found.shape
        fits = shape == known.shape
    if fits:
        return
    raise DataError(
        f"The network {predictor.name} reads images of {known.shape} (height, width, channels), but {splits.name} has "
        f"{shape}. Use data of that size, or a network trained on these."
    )
