"""The formats of a data folder, and how each is recognised."""

import re
from pathlib import Path

from cnnkit.data.sets.cifar import find_cifar
from cnnkit.data.sets.idx import find_idx_files
from cnnkit.data.sets.image_folder import list_pictures, visible_folders
from cnnkit.errors import DataError

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z")


def detect(folder: Path) -> str:
    """ "idx", "cifar" or "image folder"; DataError with what was looked for where it is none."""
    if not folder.exists():
        raise DataError(f"{folder} does not exist; expected a data folder or one of the names in `cnnkit data list`.")
    if not folder.is_dir():
        hint = "Unpack it first." if folder.suffix.lower() in ARCHIVES else "Name the folder that holds it."
        raise DataError(f"{folder} is a file; expected a folder with data. {hint}")
    children = visible_folders(folder)
    if find_idx_files(folder):
        return "idx"
    if find_cifar(folder):
        return "cifar"
    if any(list_pictures(child)[0] for child in children) or list_pictures(folder)[0]:
        return "image folder"
    loose = sum(1 for child in folder.iterdir() if child.is_file() and not child.name.startswith("."))
    what = f"{loose} files but no folder with pictures" if loose else "no data"
    raise DataError(
        f"{folder} holds {what}; expected one folder of pictures per class (also inside train/, val/, test/), "
        "or idx files such as train-images-idx3-ubyte.gz, or CIFAR's data_batch_1.bin and so on."
    )


def data_name(folder: Path) -> str:
    """The folder's own name, fit for a run folder."""
    return re.sub(r"[^\w.-]+", "-", folder.resolve().name).strip("-.").lower() or "data"
