"""Pictures beside files that tell their boxes, one each, found by their names: x.jpg and x.xml or x.txt."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

from cnnkit.data.layout.masks.names import PICTURES, folder_word
from cnnkit.data.layout.part_names import PART_NAMES, parts_called
from cnnkit.data.layout.suffixes import is_picture_name
from cnnkit.data.layout.walk import visible_files, visible_folders, walk

# What folders of such files are called, in small letters.
ANNOTATIONS = ("annotations", "annotation", "labels", "label", "xmls", "xml", "annots", "bboxes", "boxes", "txt")
# Files that are looked at to tell whether they are such ones.
TRIED = 8

IsOne = Callable[[Path], bool]


@final
@dataclass(frozen=True)
class Sided:
    """pictures: the file of each picture, and the one that tells its boxes or None.   orphans: those without a picture.

    root: the folder of the pictures.
    """

    root: Path
    pictures: list[tuple[Path, Path | None]]
    orphans: list[Path]


def find_sided(place: Path, ending: str, is_one: IsOne) -> tuple[dict[str, Sided], str]:
    """(part -> its pictures, the layout in words); ({}, "") where nothing lies so.

    ending: of the files that tell boxes, ".xml".   is_one: whether such a file is of the form that is looked for.
    """
    twins = _twins(place)
    if twins is not None and _holds(twins[1], ending, is_one):
        pictures, files = twins
        layout = f"pictures in {pictures.name}/, boxes in {files.name}/"
        inner = {folder.name: folder for folder in visible_folders(files)}
        both = [folder for folder in visible_folders(pictures) if folder.name in inner]
        called = parts_called(folder.name for folder in both)
        parts = {called[one.name]: sided(one, inner[one.name], ending) for one in both if one.name in called}
        if "train" in parts:
            return _in_order(parts), f"{layout}, each with {', '.join(_in_order(parts))}"
        return {"train": sided(pictures, files, ending)}, layout
    children = visible_folders(place)
    called = parts_called(child.name for child in children)
    within: dict[str, Sided] = {}
    for child in children:
        if child.name in called:
            pictures, files = _twins(child) or (child, child)
            if _holds(files, ending, is_one):
                within.setdefault(called[child.name], sided(pictures, files, ending))
    if "train" in within:
        return _in_order(within), f"pictures and boxes in {', '.join(f'{part}/' for part in _in_order(within))}"
    if _holds(place, ending, is_one) and any(is_picture_name(file.name) for file in visible_files(place)):
        return {"train": sided(place, place, ending)}, "pictures beside their boxes"
    return {}, ""


def sided(pictures: Path, files: Path, ending: str) -> Sided:
    """The pictures of one folder with the files of another, or of the same one."""
    if pictures == files:
        found = visible_files(pictures)
        images, told = [path for path in found if is_picture_name(path.name)], found
    else:
        found, told = walk([pictures, files])
        images = [path for path in found if is_picture_name(path.name)]
    stems = {path.stem for path in images}
    told = [path for path in told if path.suffix.lower() == ending]
    told = [path for path in told if path.stem in stems or path.name.lower() not in NO_BOXES]
    near = {_key(path, files): path for path in told}
    names = Counter(path.stem.casefold() for path in told)
    # In another folder only where no other file is called so.
    far = {path.stem.casefold(): path for path in told if names[path.stem.casefold()] == 1}
    pairs = [(path, near.get(_key(path, pictures)) or far.get(path.stem.casefold())) for path in images]
    taken = {file for _, file in pairs}
    return Sided(pictures, pairs, [file for file in told if file not in taken])


# Texts that lie beside others and tell no boxes.
NO_BOXES = (
    *(
        "classes.txt",
        "labels.txt",
        "names.txt",
        "train.txt",
        "val.txt",
        "test.txt",
        "notes.txt",
        "predefined_classes.txt",
    ),
    *("readme.txt", "readme.roboflow.txt", "readme.dataset.txt", "license.txt"),
)


def _holds(folder: Path, ending: str, is_one: IsOne) -> bool:
    """Whether files of that ending are there, and most of the first ones are of the form; others are told by name."""
    if not folder.is_dir():
        return False
    files = _ending_so(visible_files(folder), ending) or _ending_so(
        (path for child in visible_folders(folder) for path in visible_files(child)), ending
    )
    tried = files[:TRIED]
    return 2 * sum(map(is_one, tried)) > len(tried)


def _in_order(parts: dict[str, Sided]) -> dict[str, Sided]:
    return {part: parts[part] for part in PART_NAMES if part in parts}


def _ending_so(files: Iterable[Path], ending: str) -> list[Path]:
    return [path for path in files if path.suffix.lower() == ending and path.name.lower() not in NO_BOXES]


def _twins(place: Path) -> tuple[Path, Path] | None:
    """The folder of pictures and that of the files, by their names."""
    named = {folder_word(folder.name): folder for folder in visible_folders(place)}
    pictures = [named[word] for word in PICTURES if word in named]
    files: Sequence[Path] = [named[word] for word in ANNOTATIONS if word in named]
    return (pictures[0], files[0]) if pictures and files else None


def _key(path: Path, root: Path) -> tuple[str, ...]:
    return (*(part.casefold() for part in path.parent.relative_to(root).parts), path.stem.casefold())
