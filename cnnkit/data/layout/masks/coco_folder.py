"""Folders with annotations of COCO's form: which file is of which part, and where its pictures are."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from cnnkit.data.layout.folders import innermost
from cnnkit.data.layout.masks.coco import has_outlines, read_coco
from cnnkit.data.layout.masks.coco_json import looks_like_coco, read_json
from cnnkit.data.layout.masks.pairs import Lacking, Pair, PairListing
from cnnkit.data.layout.part_names import part_within, parts_called
from cnnkit.data.layout.walk import visible_files, visible_folders
from cnnkit.errors import DataError

# Of several files the ones whose names begin so describe things by their outlines.
THINGS = ("instances", "_annotations.coco")
# Pictures by which their folder is found.
TRIED = 50


def list_coco(place: Path, *, asked: bool = True) -> PairListing | None:
    """The pictures of a folder with such files, or of one file; None where there is none.

    asked: whether masks are asked for; else files without any outline are not meant so.
    """
    files = coco_files(place)
    if not files:
        return None
    parts: dict[str, list[Pair]] = {}
    lacking: list[Lacking] = []
    classes: list[str] = []
    for part, file in files.items():
        content = read_json(file)
        if not asked and not classes and not has_outlines(content):
            return None
        names, pictures = read_coco(content)
        if classes and names != classes:
            raise DataError(
                f"{file} has other categories than {next(iter(files.values()))}: {', '.join(names[:5])}. Give all "
                "files the same."
            )
        classes = names
        folder = folder_of(file, part, list(pictures))
        parts[part] = []
        for name, outlines in pictures.items():
            path = folder / name
            if os.path.isfile(path):
                parts[part].append(Pair(str(path), str(file), outlines))
            else:
                lacking.append(Lacking(str(path), f"{file} names {name}, but there is no {path}."))
    parts = {part: pairs for part, pairs in parts.items() if pairs}
    check_train(files, parts)
    layout = f"pictures with {', '.join(file.name for file in files.values())}"
    return PairListing(place, layout, parts, len(parts) > 1, "coco", (), lacking, [], classes)


def coco_files(place: Path) -> dict[str, Path]:
    """Part -> its file."""
    if place.is_file():
        return {"train": place} if place.suffix.lower() == ".json" and looks_like_coco(place) else {}
    place = innermost(place)
    beside = _of(visible_files(place))
    within = place / "annotations"
    files = (_of(visible_files(within)) if within.is_dir() else []) or beside
    if not files:
        called = parts_called(folder.name for folder in visible_folders(place))
        found = {called[name]: _of(visible_files(place / name)) for name in called}
        files_of = {part: files[0] for part, files in found.items() if files}
        # A folder for training whose annotations are of another form is not COCO's.
        if files_of and "train" not in found:
            check_train(files_of, files_of)
        return files_of if "train" in files_of else {}
    if len(files) == 1:
        return {"train": files[0]}
    named = {part: file for file in files if (part := _part(file)) is not None}
    if named:
        check_train(named, named)
    return named


def check_train(files: Mapping[str, Path], parts: Collection[str]) -> None:
    """DataError where none of the pictures is there to train on.   files: of each part.   parts: that have pictures."""
    if "train" in parts:
        return
    first = next(iter(files.values()))
    if not parts:
        raise DataError(f"{first} names pictures, but none of them is beside it. Put them there.")
    there = [part for part in ("val", "test") if part in parts]
    lacks = f"but none of those in {files['train']}" if "train" in files else "and no file for training"
    raise DataError(
        f"There are pictures of {' and '.join(there)}, {lacks}. Put the training pictures there, or give one file "
        f"alone: a network is judged on its pictures by `cnnkit evaluate RUN --data {files[there[0]]} --split all`."
    )


def _of(files: Sequence[Path]) -> list[Path]:
    """Those of COCO's form; where some are called after things, only these."""
    found = [file for file in files if file.suffix.lower() == ".json" and looks_like_coco(file)]
    return [file for file in found if file.name.startswith(THINGS)] or found


def _part(file: Path) -> str | None:
    """The part that a file is called after: instances_train2017.json."""
    return part_within(file.stem.removeprefix("instances_"))


def folder_of(file: Path, part: str, pictures: Sequence[str]) -> Path:
    """Where most of the pictures are: beside the file, or in a folder called after the part, or after pictures."""
    end = file.stem.removeprefix("instances_")
    above = file.parent.parent
    places = [file.parent, above / end, above / "images" / end, above / part, above / "images" / part, above / "images"]
    places += [above, file.parent / "images", file.parent / end]
    names = pictures[:TRIED]
    return max(places, key=lambda place: sum(os.path.isfile(place / name) for name in names))
