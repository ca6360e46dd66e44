"""Whether a layout of folders makes sense: classes that are none would be learned without a word."""

from collections import Counter
from pathlib import Path

from cnnkit.data.layout.folders import innermost, some
from cnnkit.data.layout.masks.names import MASKS, PICTURES, folder_word
from cnnkit.data.layout.part_names import EXPECTED, parts_called
from cnnkit.data.layout.suffixes import is_picture_name
from cnnkit.data.layout.walk import loose_pictures, visible_files, visible_folders, walk
from cnnkit.errors import DataError

# So many folders beside a lone train/ that hold pictures look like classes, and train/ like one more of them.
CLASSES_BESIDE = 2
# Files that say of pictures elsewhere what they show.
LISTS = (".csv", ".tsv", ".json")


def check_sense(place: Path, parts: dict[str, Path], *, classes: bool = False) -> None:
    """DataError where folders cannot be told: whether they are classes, or parts, or something else.

    classes: the user says that they are classes, though two be called images and masks.
    """
    if list(parts) == ["train"]:
        _check_lone_train(place, parts["train"])
    places = visible_folders(innermost(parts["train"], within_part=True) if parts else place)
    if not parts:
        _check_loose_parts(place, places)
        _check_listed(place, places)
    if not classes:
        _check_masks(places)
    _check_repeated(places)


def _check_lone_train(place: Path, train: Path) -> None:
    children = visible_folders(place)
    called = parts_called(child.name for child in children)
    beside = [child.name for child in children if child != train and child.name not in called and loose_pictures(child)]
    if len(beside) >= CLASSES_BESIDE:
        raise DataError(
            f"{place} has {train.name}/ with folders of its own, and beside it {some(beside)} with pictures. If "
            f"{train.name} is the training part, give that folder alone: {train}. If it is a class like the others, "
            "put its pictures directly into it."
        )


def _check_loose_parts(place: Path, places: list[Path]) -> None:
    called = parts_called(child.name for child in places)
    loose = [child.name for child in places if child.name in called and loose_pictures(child)]
    if "train" in called.values() and len({called[name] for name in loose}) > 1:
        listed = f" If {lists[0].name} is such a list, name it: --data {lists[0]}" if (lists := _lists(place)) else ""
        raise DataError(
            f"{place} has {some(loose)}, parts by their names, with pictures in no folder of a class. Put them into "
            f"folders of their classes, such as {loose[0]}/cat/, or list them in a .csv of path,label,split.{listed}"
        )


def _check_listed(place: Path, places: list[Path]) -> None:
    """One folder is no choice of classes: a list beside it tells what its pictures are."""
    if len(places) == 1 and (lists := _lists(place)):
        raise DataError(
            f"{place} has one folder of pictures, {places[0].name}/, and beside it "
            f"{some([path.name for path in lists])}. Where such a file lists the pictures, name it: --data {lists[0]}"
        )


def _lists(place: Path) -> list[Path]:
    return [path for path in visible_files(place) if path.suffix.lower() in LISTS]


def _check_masks(places: list[Path]) -> None:
    names = [folder_word(child.name) for child in places]
    if len(names) == 2 and any(name in PICTURES for name in names) and any(name in MASKS for name in names):
        both = f"{places[0].parent} has {places[0].name}/ and {places[1].name}/"
        if not all(any(is_picture_name(path.name) for path in files) for files in walk(places)):
            raise DataError(
                f"{both}: pictures and what is in them by these names, but one of the two holds no pictures, and no "
                "boxes of a form that is known. `cnnkit help data` has all forms."
            )
        raise DataError(
            f"{both}: pictures and their masks by these names, not two classes, but most pictures have no mask of "
            "their name. Give both the same names."
        )


def _check_repeated(places: list[Path]) -> None:
    within = [{child.name for child in visible_folders(child)} for child in places]
    for child, names in zip(places, within, strict=True):
        if len(set(parts_called(names).values())) > 1:
            raise DataError(
                f"{child}/ holds {some(sorted(names))}: parts within a class. Put the classes into the parts, such "
                f"as train/{child.name}/ and test/{child.name}/."
            )
    often = Counter(name for names in within for name in names)
    # One that all have may be a layer of its own, as images/ in Tiny ImageNet; a fold may lack a class.
    same = {name for name, times in often.items() if 2 * times > len(places) > 1}
    if len(same) > 1 and all(within) and not all(loose_pictures(child) for child in places):
        raise DataError(
            f"The folders in {places[0].parent} ({some([child.name for child in places])}) hold the same folders: "
            f"{some(sorted(same))}. If those are the classes, name the folders around them as parts: {EXPECTED}. "
            "Otherwise list the pictures in a .csv of path,label."
        )
