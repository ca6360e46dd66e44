"""One `--data` for everything: a name, a folder or a file in; training, validation and test parts out."""

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, final

from cnnkit.data.layout.list_csv import list_csv
from cnnkit.data.layout.listing import list_folder
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.open.boxes.open_boxes import open_boxes
from cnnkit.data.open.cifar import open_cifar
from cnnkit.data.open.formats import (
    DETECTION,
    FILES,
    PICTURE_FORMATS,
    SEGMENTATION,
    boxes_in,
    data_name,
    detect,
    pairs_in,
)
from cnnkit.data.open.idx import open_idx
from cnnkit.data.open.masks.open_pairs import open_pairs
from cnnkit.data.open.npz import open_npz
from cnnkit.data.open.opening import Opening
from cnnkit.data.open.pictures import open_pictures
from cnnkit.data.open.shapes import open_shapes
from cnnkit.data.open.splits import VAL_FRACTION, DataSplits, split_parts
from cnnkit.data.sets.digits import digits
from cnnkit.data.sets.idx_files import find_idx_files
from cnnkit.data.sets.picture_cache import CACHE_BYTES
from cnnkit.data.view.preprocessing import LARGEST_SIDE, Fit
from cnnkit.errors import DataError, UsageError
from cnnkit.serialize.beside import meant

OnUnreadable = Literal["refuse", "skip", "keep"]
# The name of data that Python code gave, which no file holds.
IN_MEMORY = "arrays"
SHAPES = "shapes"
# Those that need no files.
MADE = ("digits", SHAPES)
NAMES = {
    "digits": "10,000 + 2,000 handwritten digits from MNIST, 28x28 grey, 10 classes; part of the package",
    "mnist": "60,000 + 10,000 handwritten digits, 28x28 grey, 10 classes",
    "fashion-mnist": "60,000 + 10,000 pieces of clothing, 28x28 grey, 10 classes",
    "cifar10": "50,000 + 10,000 small photos, 32x32 RGB, 10 classes",
    "cifar100": "50,000 + 10,000 small photos, 32x32 RGB, 100 classes",
    "shapes": "340 pictures of shapes with masks or boxes, made in memory; to try segmentation and detection",
}


def open_data(
    data: str | Path | None = None,
    *,
    image_size: int | tuple[int, int] | None = None,
    grey: bool | None = None,
    like: tuple[int, int, int] | None = None,
    like_fit: Fit | None = None,
    like_task: str | None = None,
    fit: Fit | None = None,
    task: str | None = None,
    ignore: str | None = None,
    seed: int = 0,
    val_fraction: float = VAL_FRACTION,
    on_unreadable: OnUnreadable = "refuse",
    cache_bytes: int = CACHE_BYTES,
    white: int | None = None,
    learn: bool = True,
    network: Sequence[str] = (),
) -> DataSplits:
    """Open a folder or a file of data, or data known by name; None is the embedded digits. What exists goes first.

    image_size, grey: for pictures in files; where one is not given, `like` (H, W, C) decides, else what is found.
    fit: how pictures in files are brought to the size; where it is not given, `like_fit` decides, else it is "crop",
    and of pictures with masks or boxes what these ask for.
    like_task: what the network that `like` and `like_fit` are of was for: for masks and boxes only its colour counts
    where that was another task. None: it was the same.
    task: what they are for, where a folder can be read in several ways; None is told from it.
    ignore: values of masks that are void as well, such as "11" or "0,255"; "none": none is.
    seed: draws the parts that the data do not bring.
    on_unreadable: what to do with pictures that are missing or cannot be read; "keep" tries none of them.
    cache_bytes: memory for decoded pictures.
    white: what is white in pictures in files, as a record says; None is told from them.
    learn: False for data that only judge a network: then classes may lack images.
    network: the classes of that network, which masks without names are taken to show.
    """
    size = checked_size(image_size)
    if on_unreadable not in ("refuse", "skip", "keep"):
        raise UsageError(f"on_unreadable is {on_unreadable!r}, expected refuse or skip.")
    name, folder = resolve(data)
    size_as, grey_as = size or (like and like[:2]), grey if grey is not None or like is None else like[2] == 1

    def of_places(task: str) -> tuple[tuple[int, int] | None, Fit | None]:
        """(size, fit) of data whose targets lie at places."""
        return (size_as, fit or like_fit) if like_task in (None, task) else (size, fit)

    if name == SHAPES and folder is None:
        shape_size, shape_fit = of_places(task or SEGMENTATION)
        return open_shapes(task, shape_size, grey_as, shape_fit)
    asked = Opening(
        name=name,
        image_size=size_as,
        grey=grey_as,
        white=white,
        seed=seed,
        val_fraction=val_fraction,
        skip_unreadable=on_unreadable == "skip",
        tried=on_unreadable == "keep",
        cache_bytes=cache_bytes,
        learn=learn,
    )
    if folder is not None and (pairs := pairs_in(folder, task)) is not None:
        pair_size, pair_fit = of_places(SEGMENTATION)
        return open_pairs(pairs, replace(asked, image_size=pair_size, fit=pair_fit), Ignore.of(ignore), network)
    if folder is not None and (boxes := boxes_in(folder, task)) is not None:
        box_size, box_fit = of_places(DETECTION)
        return open_boxes(boxes, replace(asked, image_size=box_size, fit=box_fit))
    if folder is None:
        found = "digits: the embedded part of MNIST, 28x28 grey"
        splits = split_parts(
            digits("train"), None, digits("test"), found=found, notes=[], seed=seed, val_fraction=val_fraction
        )
    elif (kind := detect(folder)) in PICTURE_FORMATS:
        listing = list_csv(folder) if kind == "csv" else list_folder(folder, classified=task == "classification")
        return open_pictures(listing, replace(asked, fit=_of_pictures(fit) or like_fit))
    else:
        drawn: dict[str, Any] = {"name": name, "seed": seed, "val_fraction": val_fraction}
        if kind == "cifar":
            splits = open_cifar(folder, **drawn)
        elif kind == "npz":
            # A network that scales pictures reads these only where they have its size: none of them is cut.
            window = size if like_fit not in (None, "keep") else of_places(SEGMENTATION)[0]
            splits = open_npz(folder, **drawn, learn=learn, window=window, ignore=Ignore.of(ignore), network=network)
        else:
            splits = open_idx(folder, **drawn, learn=learn)
    H, W, C = splits.preprocessing.shape
    if size not in (None, (H, W)) or (grey is not None and grey != (C == 1)):
        raise UsageError(
            f"{splits.found}. They are used as they are; --image-size and --grey are for pictures in files."
        )
    if fit is not None:
        raise UsageError(f"{splits.found}. They are used as they are; --fit is for pictures in files.")
    return splits


def _of_pictures(fit: Fit | None) -> Fit | None:
    """UsageError where pictures that have a class each are to keep their sizes."""
    if fit == "keep":
        raise UsageError(
            "--fit is keep, but a network that tells the class of a picture reads images of one size. Give crop, "
            "stretch or letterbox; keep is for pictures with masks."
        )
    return fit


def checked_size(image_size: int | tuple[int, int] | None) -> tuple[int, int] | None:
    """(height, width) of a size that was asked for; UsageError if no network could read pictures so."""
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    if size is not None and not all(1 <= side <= LARGEST_SIDE for side in size):
        raise UsageError(f"The image size is {size[0]}x{size[1]}, expected 1 to {LARGEST_SIDE} pixels, such as 64.")
    return size


def resolve(data: str | Path | None) -> tuple[str, Path | None]:
    """(name, folder or file) of what `--data` says; None for the embedded digits, and for shapes."""
    if data is None:
        return "digits", None
    folder = Path(data).expanduser()
    if not is_text(str(data)):
        raise DataError(
            f"The path {os.fsencode(str(data))!r} is not valid text, so a run cannot record it. "
            "Rename it, or make a link to it."
        )
    if folder.exists() or find_idx_files(folder):
        return data_name(folder), folder
    text = str(data)
    if text in MADE:
        return text, None
    if text in NAMES:
        folder = data_home() / text
        if not _is_fetched(folder):
            raise DataError(f"{text} is not on this machine ({folder}). Fetch it with: cnnkit data fetch {text}")
        return text, folder
    if text == IN_MEMORY:
        raise DataError(
            "These data were arrays in memory, given in Python, and no file holds them. Give them again there "
            "(cnnkit.evaluate(run, data), cnnkit.fit(data=data, resume_from=run)), or others by --data."
        )
    close = difflib.get_close_matches(text.lower(), NAMES, 1)
    hint = (
        f" Did you mean {close[0]}?"
        if close
        else meant(folder, _may_be_data) or f" Known names are {', '.join(NAMES)}."
    )
    raise DataError(f"There is no data folder or file {text} and no data set of that name.{hint}")


def _may_be_data(path: Path) -> bool:
    return path.is_dir() or path.suffix.lower() in FILES


def data_home() -> Path:
    """Where fetched data lie: `CNNKIT_DATA_HOME`, else `$XDG_DATA_HOME/cnnkit`, else `~/.local/share/cnnkit`."""
    if folder := os.environ.get("CNNKIT_DATA_HOME"):
        return Path(folder)
    base = os.environ.get("XDG_DATA_HOME")
    return Path(base if base and Path(base).is_absolute() else os.path.expanduser("~/.local/share")) / "cnnkit"


@final
@dataclass(frozen=True)
class CatalogueRow:
    """A data set known by name. folder: where it lies, or would lie; empty: inside the package."""

    name: str
    summary: str
    folder: str
    here: bool


def catalogue() -> list[CatalogueRow]:
    """What `cnnkit data list` shows."""
    rows = []
    for name, summary in NAMES.items():
        folder = None if name in MADE else data_home() / name
        rows.append(CatalogueRow(name, summary, str(folder or ""), folder is None or _is_fetched(folder)))
    return rows


def _is_fetched(folder: Path) -> bool:
    """Whether any file is there to its end: a fetch that came to nothing leaves at most the beginning of one."""
    return folder.is_dir() and any(path.suffix != ".part" for path in folder.iterdir())


def is_text(text: str) -> bool:
    """Whether a name is text: Python hides bytes that are not in single surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
