"""What a training would show its network: samples as they are, and as its epochs change them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import VAL_FRACTION, DataSplits
from cnnkit.data.picture.boxes import with_boxes
from cnnkit.data.picture.overlay import Colour, below, legend, overlay
from cnnkit.data.picture.sheet import SIDE, Tile, contact_sheet, thumbnail
from cnnkit.data.places.affine_map import AffineMap, moved, moved_plane
from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.targets import VOID, Boxes
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.training.augment import changes_of, choose_flip, shows_windows
from cnnkit.engine.training.defaults import SMALLEST_PHOTO, resolve
from cnnkit.engine.use.load import load
from cnnkit.engine.use.reading import open_as

if TYPE_CHECKING:
    from PIL.Image import Image

# Pictures of a sample beside the original: the first epochs of a training.
EPOCHS = 6
# The side of a picture with its mask or its boxes, whose outlines are to be seen.
LARGE_SIDE = 240


@final
@dataclass(frozen=True)
class Shown:
    """One sample. image: as it is, at the network's size.   variants: what epoch 1, 2, ... show of it.

    Images are uint8 (H, W, C), shrunk to what a sheet can show; masks and boxes are drawn over them.
    """

    index: int
    class_name: str
    path: Path | None
    image: Pixels
    variants: tuple[Pixels, ...]


@final
@dataclass(frozen=True)
class Preview:
    """augment: the level, and `chosen` if it is what a training would choose.   changes: those that are made.

    image_size: (H, W).
    split, seed, channels: as asked and as found.   found: the data in a sentence.   notes: what the user should know.
    legend: the colour of each class, where images have masks or boxes.
    """

    found: str
    notes: list[str]
    split: str
    augment: str
    chosen: bool
    changes: tuple[str, ...]
    image_size: tuple[int, int]
    channels: int
    seed: int
    samples: list[Shown]
    legend: Mapping[str, Colour] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """All but the pixels."""
        return {
            "found": self.found,
            "notes": self.notes,
            "split": self.split,
            "augment": self.augment,
            "augment_chosen": self.chosen,
            "changes": list(self.changes),
            "image_size": list(self.image_size),
            "channels": self.channels,
            "seed": self.seed,
            "epochs": len(self.samples[0].variants) if self.samples else 0,
            "samples": [
                {"index": shown.index, "class": shown.class_name, "path": shown.path and str(shown.path)}
                for shown in self.samples
            ],
        }


def preview(
    data: str,
    *,
    augment: str | None = None,
    changes: Mapping[str, bool] | None = None,
    count: int = 8,
    image_size: tuple[int, int] | None = None,
    fit: str | None = None,
    grey: bool | None = None,
    ignore: str | None = None,
    task: str | None = None,
    seed: int = 0,
    split: str = "train",
    weights: str | Path | None = None,
    val_fraction: float = VAL_FRACTION,
) -> Preview:
    """`count` samples, classes in turn, drawn by the seed; each with what a training of that seed would make of it.

    augment: by default the level that a training would choose; no other part than train is ever changed by one.
    changes: flip, crop, … -> whether it is made, whatever the level says.
    image_size, fit, grey: how pictures are brought to the network's size.   ignore: values of masks that are void.
    task: what the data are for, where they can be read in several ways.
    weights: a run or a weight file; pictures are then read as a training that starts from it reads them.
    val_fraction: of the training images, which decides what is left of them to show.
    Pictures that cannot be read are left out, with a note.
    """
    start = None if weights is None else load(weights)
    splits = open_as(
        None if start is None else start.preprocessing,
        data,
        trained=None if start is None else start.task.name,
        image_size=image_size,
        fit=fit,
        grey=grey,
        task=task,
        ignore=ignore,
        seed=seed,
        val_fraction=val_fraction,
        skip_unreadable=True,
        cache_bytes=0,
    )
    part = splits.part(split)
    options = FitOptions(seed=seed, augment=augment).replace(**(changes or {}))
    if augment is None:
        options = options.replace(augment=_level(options, splits) if split == "train" else "none")
    options, notes = choose_flip(options, splits)
    # A judge sees whole pictures.
    windows = shows_windows(splits) and (split == "train" or augment is not None)
    loader = Loader(
        part,
        1,
        seed=seed,
        shuffle=True,
        augment=str(options.augment),
        changes=options.changes(),
        things=options.things(),
        windows=windows,
        preprocessing=splits.preprocessing,
    )
    H, W, C = splits.preprocessing.shape
    made = changes_of(options, splits) if windows or not shows_windows(splits) else []
    indices = in_turn(part, loader.order(0), count, seed)
    if made == ["window"] and all(part[index].image.shape[:2] == (H, W) for index in indices):
        made = []  # Each window shows all of its picture.
    epochs = range(EPOCHS if made else 0)
    samples = [
        Shown(
            index,
            splits.classes[int(part.labels()[index])] if part.labelled else "",
            part.path(index),
            _drawn(part[index], part.colours),
            tuple(_drawn(loader.sample(index, epoch), part.colours) for epoch in epochs),
        )
        for index in indices
    ]
    return Preview(
        splits.found,
        [*splits.notes, *notes],
        split,
        str(options.augment),
        augment is None,
        tuple(made),
        (H, W),
        C,
        seed,
        samples,
        dict(zip(splits.classes, part.colours, strict=True)) if part.colours else {},
    )


def in_turn(part: Dataset, order: np.ndarray[Any, np.dtype[np.int64]], count: int, seed: int) -> list[int]:
    """Up to `count` indices, one of each class and again; of more classes than that the seed draws some."""
    labels = part.strata()
    waiting: dict[int, list[int]] = {}
    for index in order[::-1].tolist():
        waiting.setdefault(int(labels[index]), []).append(index)
    classes = sorted(waiting)
    if len(classes) > count:
        classes = sorted(np.random.default_rng([seed, 0x5E3]).choice(classes, count, replace=False).tolist())
    taken: list[int] = []
    while len(taken) < min(count, len(part)):
        for label in classes:
            if waiting[label] and len(taken) < count:
                taken.append(waiting[label].pop())
    return taken


def draw(shown: Preview) -> "Image":
    """A row for each sample: the original, then what the epochs show; a plain grid where nothing changes."""
    tiles: list[Tile] = []
    for sample in shown.samples:
        name = f"image {sample.index:,}" if sample.path is None else sample.path.name
        tiles.append(Tile(sample.image, (sample.class_name, name) if sample.class_name else (name,)))
        tiles += [Tile(image, (f"epoch {epoch}",)) for epoch, image in enumerate(sample.variants, 1)]
    columns = 1 + len(shown.samples[0].variants)
    sheet = contact_sheet(tiles, columns=columns if columns > 1 else None, side=LARGE_SIDE if shown.legend else SIDE)
    if not shown.legend:
        return sheet
    return below(sheet, legend(list(shown.legend), list(shown.legend.values()), sheet.width))


def _drawn(sample: Sample, colours: Sequence[Colour]) -> Pixels:
    """What a sheet shows of a sample: its image, with its mask or its boxes over it."""
    if isinstance(sample.target, int | float):
        return thumbnail(sample.image)
    H, W, _ = sample.image.shape
    small = thumbnail(sample.image, LARGE_SIDE)
    size = small.shape[:2]
    if isinstance(sample.target, Boxes):
        boxes = moved(sample.target, AffineMap.of_box((0, 0, W, H), size), size, least_side=0)
        assert isinstance(boxes, Boxes)
        own = [colours[label] for label in boxes.labels.tolist()]
        return np.asarray(with_boxes(small, boxes.corners, [""] * len(own), own, dashed=boxes.crowd.tolist()))
    labels = moved_plane(sample.target.labels, AffineMap.of_box((0, 0, W, H), size), size, VOID)
    return overlay(small, labels, colours)


def _level(options: FitOptions, splits: DataSplits) -> str:
    H, W, _ = splits.preprocessing.shape
    images = len(splits.train)
    photos = images if splits.mirror and min(H, W) >= SMALLEST_PHOTO else None
    return str(resolve(options.replace(task=splits.task), splits.name, images=images, photos=photos).augment)
