"""Text files that name the pictures of each part: VOC's ImageSets, or lists of pictures with their masks."""

import os
from collections.abc import Mapping
from pathlib import Path

from cnnkit.data.layout.masks.match import Matched
from cnnkit.data.layout.masks.names import bare
from cnnkit.data.layout.masks.pairs import Lacking, Pair, PairListing
from cnnkit.data.layout.name_list import read_names
from cnnkit.data.layout.suffixes import is_picture_name

# Where the lists are, below the data; the first folder that holds train.txt counts.
PLACES = ("ImageSets/Segmentation", "ImageSets", "splits", "")
# Bytes of a list: some hundred thousand names.
LARGEST = 16 << 20
PARTS = ("train", "val", "test")


def find_lists(place: Path) -> dict[str, Path]:
    """Part -> the file that names its pictures; {} where there is none for train. VOC's trainval stands for it."""
    for below in PLACES:
        folder = place / below
        found = {part: path for part in PARTS if (path := folder / f"{part}.txt").is_file()}
        if "train" not in found and (path := folder / "trainval.txt").is_file():
            found = {"train": path} | found
        if "train" in found:
            return found
    return {}


def divided(
    whole: Matched, pictures: Path, lists: Mapping[str, Path]
) -> tuple[dict[str, list[Pair]], list[Lacking], list[str]]:
    """(pairs by part, what has no partner, notes) of lists that name a picture a line, by its stem or its path.

    whole: all pictures and masks that are there.   pictures: the folder of the pictures.
    """
    by_name: dict[str, Pair | None] = {}
    for path in whole.lonely:
        by_name[_key(str(path.relative_to(pictures)))] = None
    for pair in whole.pairs:
        by_name[_key(str(pair.path.relative_to(pictures)))] = pair
    parts: dict[str, list[Pair]] = {}
    lacking: list[Lacking] = []
    notes = []
    for part, file in lists.items():
        found: list[Pair] = []
        absent: list[Lacking] = []
        for line in read_names(file, LARGEST, "a picture's name per line"):
            key = next((key for key in _keys(line) if key in by_name), None)
            named = None if key is None else by_name[key]
            if named is not None:
                found.append(named)
            else:
                what = f"there is no such picture in {pictures}" if key is None else "its mask is not there"
                absent.append(Lacking(line, f"{file} names {line[:100]}, but {what}."))
        if found:
            parts[part] = list(dict.fromkeys(found))
            lacking += absent
        elif absent:
            notes.append(f"The {part} pictures that {file.name} names have no masks and are not used.")
    return parts, lacking, notes


def listed_pairs(place: Path) -> PairListing | None:
    """The pictures and masks of a list, or of a folder with such lists; None where there is none."""
    lists = find_lists(place) if place.is_dir() else {"train": place} if place.suffix.lower() == ".txt" else {}
    found = {part: pairs for part, file in lists.items() if (pairs := list_of_pairs(file))}
    if "train" not in found:
        return None
    parts: dict[str, list[Pair]] = {}
    lacking: list[Lacking] = []
    for part, pairs in found.items():
        parts[part] = [pair for pair in pairs if os.path.isfile(pair.name) and os.path.isfile(pair.mask)]
        for pair in pairs:
            if gone := next((name for name in (pair.name, pair.mask) if not os.path.isfile(name)), None):
                lacking.append(Lacking(gone, f"{lists[part]} names {gone}, which is not there."))
    beside = tuple(dict.fromkeys(file.parent for file in lists.values()))
    names = ", ".join(lists[part].name for part in parts)
    camvid = any(Path(pair.mask).parent.name.endswith("annot") for pair in parts["train"][:1])
    kind = "camvid" if camvid else "folders"
    return PairListing(place, f"pictures and masks of {names}", parts, len(parts) > 1, kind, beside, lacking)


def list_of_pairs(file: Path) -> list[Pair] | None:
    """The pairs of a list of two paths a line, picture and mask; None where the first line is none.

    A path is looked for below the folder of the list: lists are made on other machines, and theirs begin otherwise.
    """
    lines = [line.split() for line in read_names(file, LARGEST, "a picture and its mask per line")]
    if not lines or any(len(words) != 2 or not is_picture_name(words[1]) for words in lines[:1]):
        return None
    return [Pair(_place(file.parent, words[0]), _place(file.parent, words[1])) for words in lines if len(words) == 2]


def _place(folder: Path, word: str) -> str:
    steps = [step for step in word.replace("\\", "/").split("/") if step not in ("", ".")]
    for first in range(len(steps)):
        if os.path.isfile(path := folder.joinpath(*steps[first:])):
            return str(path)
    return str(folder / word)


def _keys(line: str) -> list[str]:
    """What a line may be looked up by: its first word as it is, and without the folders that its path begins with."""
    word = line.split()[0]
    steps = [step for step in word.split("/") if step]
    return [_key("/".join(steps[first:])) for first in range(len(steps))]


def _key(name: str) -> str:
    """A relative path without its ending and without what tells pictures from masks."""
    folder, _, last = name.rpartition("/")
    stem = Path(last).stem if is_picture_name(last) else last
    return f"{folder.casefold()}/{bare(stem.casefold())}".lstrip("/")
