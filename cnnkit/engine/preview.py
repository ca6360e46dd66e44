"""What a training would show its network: samples as they are, and as its epochs change them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.picture.sheet import Tile, contact_sheet, thumbnail
from cnnkit.data.sample import Pixels
from cnnkit.data.sets.base import Dataset
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.training.augment import changes_of, choose_flip
from cnnkit.engine.training.defaults import SMALLEST_PHOTO, resolve
from cnnkit.engine.use.load import load
from cnnkit.engine.use.reading import open_as

if TYPE_CHECKING:
    from PIL.Image import Image

# Pictures of a sample beside the original: the first epochs of a training.
EPOCHS = 6


@final
@dataclass(frozen=True)
class Shown:
    """One sample. image: as it is, at the network's size.   variants: what epoch 1, 2, ... show of it.

    Images are uint8 (H, W, C), shrunk to what a sheet can show.
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
    grey: bool | None = None,
    seed: int = 0,
    split: str = "train",
    weights: str | Path | None = None,
) -> Preview:
    """`count` samples, classes in turn, drawn by the seed; each with what a training of that seed would make of it.

    augment: by default the level that a training would choose; no other part than train is ever changed by one.
    changes: flip, crop, … -> whether it is made, whatever the level says.
    weights: a run or a weight file; pictures are then read as a training that starts from it reads them.
    Pictures that cannot be read are left out, with a note.
    """
    start = None if weights is None else load(weights)
    splits = open_as(
        None if start is None else start.preprocessing,
        data,
        trained=None if start is None else start.task.name,
        image_size=image_size,
        grey=grey,
        seed=seed,
        skip_unreadable=True,
        cache_bytes=0,
    )
    part = splits.part(split)
    options = FitOptions(seed=seed, augment=augment).replace(**(changes or {}))
    if augment is None:
        options = options.replace(augment=_level(options, splits) if split == "train" else "none")
    options, notes = choose_flip(options, splits)
    loader = Loader(
        part,
        1,
        seed=seed,
        shuffle=True,
        augment=str(options.augment),
        changes=options.changes(),
        preprocessing=splits.preprocessing,
    )
    H, W, C = splits.preprocessing.shape
    epochs = range(EPOCHS if loader.transforms else 0)
    samples = [
        Shown(
            index,
            splits.classes[int(part.labels()[index])] if part.labelled else "",
            part.path(index),
            thumbnail(part[index].image),
            tuple(thumbnail(loader.sample(index, epoch).image) for epoch in epochs),
        )
        for index in in_turn(part, loader.order(0), count, seed)
    ]
    return Preview(
        splits.found,
        [*splits.notes, *notes],
        split,
        str(options.augment),
        augment is None,
        tuple(changes_of(options, splits)),
        (H, W),
        C,
        seed,
        samples,
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
        tiles.append(Tile(sample.image, (sample.class_name, name)))
        tiles += [Tile(image, (f"epoch {epoch}",)) for epoch, image in enumerate(sample.variants, 1)]
    columns = 1 + len(shown.samples[0].variants)
    return contact_sheet(tiles, columns=columns if columns > 1 else None)


def _level(options: FitOptions, splits: DataSplits) -> str:
    H, W, _ = splits.preprocessing.shape
    images = len(splits.train)
    photos = images if splits.mirror and min(H, W) >= SMALLEST_PHOTO else None
    return str(resolve(options, splits.name, images=images, photos=photos).augment)
