"""The formats of data, and how each is recognised."""

import re
from pathlib import Path

from cnnkit.data.layout.boxes.find import find_boxes
from cnnkit.data.layout.boxes.pictures import BoxListing
from cnnkit.data.layout.masks.find import find_pairs
from cnnkit.data.layout.masks.pairs import PairListing
from cnnkit.data.layout.suffixes import is_picture_name
from cnnkit.data.layout.walk import is_annotation, loose_pictures, visible_folders, walk
from cnnkit.data.sets.cifar import find_cifar
from cnnkit.data.sets.idx_files import find_idx_files
from cnnkit.errors import DataError

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z")
# One file that is a data set by itself.
FILES = {".csv": "csv", ".tsv": "csv", ".npz": "npz"}
PICTURE_FORMATS = ("image folder", "csv")
SEGMENTATION, DETECTION = "segmentation", "detection"
EXPECTED_PAIRS = (
    "Expected are images/ and masks/ with files of the same names (also within train/, val/, test/), train/ and "
    "trainannot/, or JPEGImages/ and SegmentationClass/."
)

EXPECTED_BOXES = (
    "Expected are JPEGImages/ and Annotations/ with an .xml for each picture (VOC), images/ and labels/ with a .txt "
    "for each (YOLO, with a data.yaml), a .json of COCO's form, or a .csv of path,x_min,y_min,x_max,y_max,label."
)


def detect(place: Path) -> str:
    """ "idx", "cifar", "image folder", "csv" or "npz"; DataError with what was looked for where it is none."""
    if find_idx_files(place):
        return "idx"
    if not place.exists():
        raise DataError(f"{place} does not exist; expected data or one of the names in `cnnkit data list`.")
    if not place.is_dir():
        return _detect_file(place)
    if find_cifar(place):
        return "cifar"
    if any(not is_annotation(path.name) for child in visible_folders(place) for path in walk([child])[0]):
        return "image folder"
    raise DataError(f"{place} holds {_what_else(place)}")


def pairs_in(place: Path, task: str | None) -> PairListing | None:
    """The pictures and masks that lie there; None where there are none, or where they are asked for as something else.

    DataError where masks are asked for and there are none; arrays may hold some, which nothing but opening them tells.
    """
    if task not in (None, SEGMENTATION):
        return None
    found = find_pairs(place, asked=task == SEGMENTATION)
    if found is None and task == SEGMENTATION and FILES.get(place.suffix.lower()) != "npz":
        raise DataError(f"{place} holds no pictures with masks. {EXPECTED_PAIRS}")
    return found


def boxes_in(place: Path, task: str | None) -> BoxListing | None:
    """The pictures with boxes that lie there, as `pairs_in`; masks go first where nothing is asked for."""
    if task not in (None, DETECTION):
        return None
    found = find_boxes(place)
    if found is None and task == DETECTION:
        raise DataError(f"{place} holds no pictures with boxes. {EXPECTED_BOXES}")
    return found


def data_name(place: Path) -> str:
    """The folder's own name, or the file's without its ending, fit for a run folder."""
    place = place.resolve()
    return re.sub(r"[^\w.-]+", "-", place.stem if place.is_file() else place.name).strip("-.").lower() or "data"


def _detect_file(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix in FILES and path.is_file():
        return FILES[suffix]
    hint = "Name the folder that holds it."
    if suffix in ARCHIVES:
        hint = "Unpack it first."
    elif suffix == ".npy":
        hint = "Save images and labels together: numpy.savez('data.npz', images=..., labels=...)."
    elif suffix == ".json":
        hint = "Of .json files those of COCO's form are read, with the lists images, annotations and categories."
    elif is_picture_name(path.name):
        hint = "Give the folder that holds the class folders; to ask what one picture shows: `cnnkit predict`."
    raise DataError(f"{path} is a file; expected a folder with data, a .csv of path,label or an .npz of arrays. {hint}")


def _what_else(folder: Path) -> str:
    """What lies in a folder that is no data, and what to do about it."""
    names = sorted(child.name for child in folder.iterdir() if child.is_file() and not child.name.startswith("."))
    if lists := [name for name in names if Path(name).suffix.lower() in FILES]:
        return f"no folder with pictures, but {lists[0]}. Name that file: --data {folder / lists[0]}"
    expected = (
        "expected one folder of pictures per class (also inside train/, val/, test/), pictures in images/ and "
        "their masks in masks/, a .csv of path,label, an .npz of arrays, or idx files such as "
        "train-images-idx3-ubyte.gz, or CIFAR's data_batch_1.bin and so on. `cnnkit help data` has all forms."
    )
    if pictures := loose_pictures(folder):
        return f"{pictures} pictures that are in no class folder; {expected}"
    if not names:
        return f"no data; {expected}"
    return f"{len(names):,} file{'s' if len(names) > 1 else ''} but no folder with pictures; {expected}"
