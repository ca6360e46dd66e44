"""Open a folder of pictures as training, validation and test parts."""

from dataclasses import replace
from pathlib import Path

from cnnkit.data.picture import check_header, header
from cnnkit.data.preprocessing import Foreign, Preprocessing
from cnnkit.data.sets.image_folder import (
    ImageFolder,
    PictureCache,
    PictureFile,
    find_parts,
    list_pictures,
    photo_preprocessing,
    unreadable,
)
from cnnkit.data.splits import DataSplits, split_parts
from cnnkit.errors import DataError

DEFAULT_SIZE = 64
# Pictures of one common size up to this side are taken as they are.
LARGEST_NATIVE = 128
# So many pictures are decoded once, and kept, before training begins; of a larger folder only the headers are read.
CHECKED_AT_OPEN = 2000


def open_folder(
    folder: Path,
    *,
    name: str,
    image_size: tuple[int, int] | None,
    grey: bool | None,
    foreign: Foreign,
    seed: int,
    val_fraction: float,
    skip_unreadable: bool,
) -> DataSplits:
    """The parts of an image folder; classes are the names of its folders, sorted."""
    parts = find_parts(folder)
    listed = {part: list_pictures(place) for part, place in (parts or {"train": folder}).items()}
    files, classes = listed["train"]
    if not files:
        raise DataError(f"{parts.get('train', folder)} holds no pictures; expected one folder of pictures per class.")
    for part, (_, part_classes) in listed.items():
        if unknown := sorted(set(part_classes) - set(classes)):
            raise DataError(
                f"{parts[part]} has the class {unknown[0]!r}, which {parts['train']} lacks. Is a folder misnamed?"
            )
    preprocessing, notes = choose_preprocessing(files, image_size, grey)
    preprocessing = replace(preprocessing, foreign=foreign)
    cache = PictureCache(preprocessing)
    everything = [file for part_files, _ in listed.values() for file in part_files]
    check = cache if skip_unreadable or len(everything) <= CHECKED_AT_OPEN else check_header
    refused = unreadable(everything, check)
    if refused and not skip_unreadable:
        raise DataError(
            f"{len(refused)} of {len(everything)} files in {folder} cannot be read. {refused[0][1]} "
            "Remove such files, or skip them with --on-unreadable skip; `cnnkit data check` lists them all."
        )
    notes += [f"Skipped: {message}" for _, message in refused]
    bad = {file for file, _ in refused}

    def dataset(part: str) -> ImageFolder | None:
        if part not in listed:
            return None
        kept = [file for file in listed[part][0] if file not in bad]
        return ImageFolder(kept, name=name, classes=classes, cache=cache) if kept else None

    train = dataset("train")
    if train is None:
        raise DataError(f"{folder}: none of the {len(files)} training files is a readable picture.")
    H, W, C = preprocessing.shape
    layout = (
        "pictures in " + ", ".join(f"{parts[part].name}/" for part in parts)
        if parts
        else "pictures, one folder per class"
    )
    found = f"{folder}: {layout}, read as {H}x{W} {'grey' if C == 1 else 'RGB'}"
    return split_parts(
        train, dataset("val"), dataset("test"), found=found, notes=notes, seed=seed, val_fraction=val_fraction
    )


def choose_preprocessing(
    files: list[PictureFile], image_size: tuple[int, int] | None, grey: bool | None, tried: int = 16
) -> tuple[Preprocessing, list[str]]:
    """As asked; else the common size and colour of a few pictures from all over, if they are small and alike."""
    headers = [header(file.path) for file in files[:: max(1, len(files) // tried)]]
    known = {entry for entry in headers if entry is not None}
    notes = []
    if image_size is None:
        sizes = {(height, width) for height, width, _ in known}
        native = next(iter(sizes)) if len(sizes) == 1 else (0, 0)
        image_size = native if 1 <= max(native) <= LARGEST_NATIVE else (DEFAULT_SIZE, DEFAULT_SIZE)
        if image_size != native:
            notes.append(f"Pictures are scaled to {image_size[0]}x{image_size[1]}; --image-size chooses otherwise.")
    if grey is None:
        grey = bool(known) and all(is_grey for _, _, is_grey in known)
    return photo_preprocessing(image_size, grey), notes
