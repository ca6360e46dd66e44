"""Folders of pictures beside folders of masks: images/ and masks/, each with or within its parts, or X and Xannot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

from cnnkit.data.layout.folders import innermost
from cnnkit.data.layout.masks.lists import divided, find_lists
from cnnkit.data.layout.masks.match import Matched, match
from cnnkit.data.layout.masks.names import FOLDER_ENDS, MASK_ENDS, MASKS, PICTURES, folder_word, stem
from cnnkit.data.layout.masks.pairs import Lacking, Pair, PairListing
from cnnkit.data.layout.part_names import parts_called
from cnnkit.data.layout.suffixes import is_picture_name
from cnnkit.data.layout.walk import loose_pictures, visible_files, visible_folders, walk

# Of the pictures in such folders at least this share has a mask: others are not meant so.
LEAST_SHARE = 0.5


@final
@dataclass(frozen=True)
class Twins:
    """A folder of pictures and that of their masks; the same one where both lie together."""

    pictures: Path
    masks: Path

    @property
    def words(self) -> str:
        """Their names."""
        return f"{self.pictures.name}/ and {self.masks.name}/" if self.pictures != self.masks else "with their masks"


def list_pairs(folder: Path) -> PairListing | None:
    """The pictures and masks of a folder; None where its names and files do not look so."""
    place = innermost(folder)
    found, layout = _by_part(place)
    if not found:
        return None
    lists = find_lists(place) if list(found) == ["train"] else {}
    if lists and (listed := _listed(folder, found["train"], lists)) is not None:
        return listed
    matched = {part: _matched(twins) for part, twins in found.items()}
    # A part without any mask, such as the test pictures of a contest, is no part.
    bare = [part for part, one in matched.items() if not one.pairs]
    notes = [f"The {part} pictures in {found[part].pictures} have no masks and are not used." for part in bare]
    matched = {part: one for part, one in matched.items() if one.pairs}
    voc = any(folder_word(twins.pictures.name) == "jpegimages" for twins in found.values())
    if voc and (extra := sum(len(one.lonely) for one in matched.values())):
        # Most pictures of VOC are for other tasks.
        notes.append(f"{extra:,} pictures have no masks and are not used.")
        matched = {part: replace(one, lonely=[]) for part, one in matched.items()}
    pairs = sum(len(one.pairs) for one in matched.values())
    if "train" not in matched or pairs < LEAST_SHARE * (pairs + sum(len(one.lonely) for one in matched.values())):
        return None
    lacking: list[Lacking] = []
    for part, one in matched.items():
        lacking += one.lacking(f"{found[part].masks}")
    parts: dict[str, list[Pair]] = {part: matched[part].pairs for part in ("train", "val", "test") if part in matched}
    camvid = any(twins.masks.name == f"{twins.pictures.name}annot" for twins in found.values())
    return PairListing(
        folder,
        layout,
        parts,
        list(parts) != ["train"],
        "camvid" if camvid else "voc" if voc else "folders",
        _beside(folder, found.values()),
        lacking,
        notes,
    )


def _listed(folder: Path, twins: Twins, lists: Mapping[str, Path]) -> PairListing | None:
    """The parts as text files name their pictures; None where they name others."""
    whole = _matched(twins)
    parts, lacking, notes = divided(whole, twins.pictures, lists)
    if "train" not in parts:
        return None
    names = f"{twins.pictures.name}/, {twins.masks.name}/ and {', '.join(path.name for path in lists.values())}"
    kind = "voc" if folder_word(twins.pictures.name) == "jpegimages" else "folders"
    return PairListing(folder, f"{names}", parts, len(parts) > 1, kind, _beside(folder, [twins]), lacking, notes)


def _beside(folder: Path, found: Iterable[Twins]) -> tuple[Path, ...]:
    """Folders in which a list of the classes may be, the outermost first."""
    within = [place for twins in found for place in (twins.masks.parent.parent, twins.masks.parent, twins.masks)]
    return tuple(dict.fromkeys([folder, *(place for place in within if place.is_relative_to(folder))]))


def _by_part(place: Path) -> tuple[dict[str, Twins], str]:
    """Part -> its folders, and the layout in words; {} where there are none."""
    if twins := _twins(visible_folders(place)):
        inside = _same_parts(twins)
        layout = f"pictures in {twins.pictures.name}/, masks in {twins.masks.name}/"
        return (inside, layout) if inside else ({"train": twins}, layout)
    children = visible_folders(place)
    called = parts_called(child.name for child in children)
    outside: dict[str, Twins] = {}
    for child in children:
        if (part := called.get(child.name)) and (twins := _twins(visible_folders(child)) or _together(child)):
            outside.setdefault(part, twins)
    if "train" in outside:
        within = outside["train"].words
        return outside, f"pictures and masks, {within} in {', '.join(f'{part}/' for part in outside)}"
    beside = _with_ends(children)
    if beside:
        layout = "pictures and masks in " + ", ".join(twins.words for twins in beside.values())
        return beside, layout
    together = None if children else _together(place)
    return ({"train": together}, "pictures beside their masks") if together else ({}, "")


def _twins(folders: Sequence[Path]) -> Twins | None:
    """The folder of pictures and the folder of masks among some, by their names."""
    named = {folder_word(folder.name): folder for folder in folders}
    pictures = [named[word] for word in PICTURES if word in named]
    masks = [named[word] for word in MASKS if word in named]
    return Twins(pictures[0], masks[0]) if len(pictures) == 1 and masks else None


def _same_parts(twins: Twins) -> dict[str, Twins]:
    """Parts within both folders, as images/train and masks/train."""
    masks = {folder.name: folder for folder in visible_folders(twins.masks)}
    both = [folder for folder in visible_folders(twins.pictures) if folder.name in masks]
    called = parts_called(folder.name for folder in both)
    found = {called[folder.name]: Twins(folder, masks[folder.name]) for folder in both if folder.name in called}
    return found if "train" in found else {}


def _with_ends(folders: Sequence[Path]) -> dict[str, Twins]:
    """Folders X with pictures beside folders such as Xannot with masks, by the part that X names."""
    named = {folder.name.lower(): folder for folder in folders}
    found = {}
    for folder in folders:
        masks = next((named[name] for end in FOLDER_ENDS if (name := folder.name.lower() + end) in named), None)
        if masks is not None and loose_pictures(folder) and loose_pictures(masks):
            found[folder] = Twins(folder, masks)
    called = parts_called(folder.name for folder in found)
    parts = {called[folder.name]: twins for folder, twins in found.items() if folder.name in called}
    if "train" in parts:
        return parts
    return {"train": next(iter(found.values()))} if len(found) == 1 else {}


def _together(folder: Path) -> Twins | None:
    """A folder of pictures x.jpg that holds masks x_mask.png too."""
    files = [path for path in visible_files(folder) if is_picture_name(path.name)]
    masks = sum(stem(path).endswith(MASK_ENDS) for path in files)
    return Twins(folder, folder) if masks and 3 * masks >= len(files) else None


def _matched(twins: Twins) -> Matched:
    if twins.pictures == twins.masks:
        files = [path for path in visible_files(twins.pictures) if is_picture_name(path.name)]
        masks = [path for path in files if stem(path).endswith(MASK_ENDS)]
        pictures = [path for path in files if not stem(path).endswith(MASK_ENDS)]
    else:
        pictures, masks = (
            [path for path in paths if is_picture_name(path.name)] for paths in walk([twins.pictures, twins.masks])
        )
    return match(pictures, masks, twins.pictures, twins.masks)
