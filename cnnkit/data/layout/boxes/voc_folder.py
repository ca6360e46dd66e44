"""Folders of pictures with an XML file each, and the lists in ImageSets/Main that divide them."""

from collections.abc import Mapping
from pathlib import Path

from cnnkit.data.layout.boxes.gathering import Gathering, told
from cnnkit.data.layout.boxes.pictures import BoxedPicture, BoxListing, Fault
from cnnkit.data.layout.boxes.sidecars import Sided, find_sided
from cnnkit.data.layout.boxes.voc import read_voc
from cnnkit.data.layout.folders import innermost
from cnnkit.data.layout.name_list import read_names
from cnnkit.errors import DataError
from cnnkit.serialize.files import open_plain

# Where the lists are; per class there are others, such as dog_train.txt, which say nothing of boxes.
LISTS = "ImageSets/Main"
PARTS = ("train", "val", "test")
# Bytes of a list: some hundred thousand names.
LARGEST = 16 << 20


def list_voc(folder: Path) -> BoxListing | None:
    """The pictures of a folder with annotations of VOC's form; None where there are none."""
    place = innermost(folder)
    found, layout = find_sided(place, ".xml", _looks_like_voc)
    if not found:
        return None
    lists = _lists(place) if list(found) == ["train"] else {}
    faults: list[Fault] = []
    notes: list[str] = []
    if lists:
        found, faults = _divided(found["train"], lists)
        layout += f", parts in {LISTS}/"
        bare = [part for part, one in found.items() if not any(file for _, file in one.pictures)]
        found = {part: one for part, one in found.items() if part not in bare}
        notes = [f"The {part} pictures have no annotations and are not used." for part in bare]
        if "train" not in found:
            raise DataError(f"{place / LISTS}: no training picture has an annotation. Do the lists belong to them?")
    gathering = Gathering()
    parts = {part: _read(one, gathering, faults) for part, one in found.items()}
    classes, parts = gathering.sorted(parts)
    notes += told(picture for pictures in parts.values() for picture in pictures)
    return BoxListing(folder, f"VOC, {layout}", "voc", parts, list(parts) != ["train"], classes, faults, notes)


def _read(sided: Sided, gathering: Gathering, faults: list[Fault]) -> list[BoxedPicture]:
    """Each picture with its boxes; what cannot be read becomes a fault."""
    faults += [
        Fault("missing", str(file), f"{file} tells boxes, but there is no picture of its name.")
        for file in sided.orphans
    ]
    pictures = []
    for path, file in sided.pictures:
        if file is None:
            pictures.append(gathering.picture(str(path), "", ()))
            continue
        try:
            read = read_voc(file)
        except DataError as error:
            wrong = Fault("annotation", str(file), str(error))
            pictures.append(gathering.picture(str(path), str(file), (), faults=[wrong]))
            continue
        pictures.append(gathering.picture(str(path), str(file), read.said, size=read.size))
    return pictures


def _looks_like_voc(path: Path) -> bool:
    """Whether an XML file has VOC's root. One with a document type counts: reading refuses it with a reason."""
    try:
        with open_plain(path) as file:
            head = file.read(4096)
    except OSError:
        return False
    return b"<annotation" in head or b"<!DOCTYPE" in head


def _lists(place: Path) -> dict[str, Path]:
    """Part -> the file that names its pictures. VOC's trainval stands for a train that is missing."""
    folder = place / LISTS
    found = {part: path for part in PARTS if (path := folder / f"{part}.txt").is_file()}
    if "train" not in found and (path := folder / "trainval.txt").is_file():
        found = {"train": path} | {part: path for part, path in found.items() if part != "val"}
    return found if "train" in found else {}


def _divided(whole: Sided, lists: Mapping[str, Path]) -> tuple[dict[str, Sided], list[Fault]]:
    """(part -> its pictures, faults) as lists name them, a stem a line."""
    named = {path.stem: (path, file) for path, file in whole.pictures}
    orphans = {file.stem for file in whole.orphans}
    parts: dict[str, Sided] = {}
    faults: list[Fault] = []
    for part, file in lists.items():
        pictures = []
        for line in read_names(file, LARGEST, "a picture's name per line"):
            stem = line.split()[0]
            if stem in named:
                pictures.append(named[stem])
            else:
                what = "there is no such picture" + " beside its annotation" * (stem in orphans)
                faults.append(Fault("missing", stem, f"{stem} is named by {file}, but {what} in {whole.root}."))
        parts[part] = Sided(whole.root, list(dict.fromkeys(pictures)), [])
    return {part: one for part, one in parts.items() if one.pictures}, faults
