"""The files that show answers: named after their pictures, no two alike, refused before any work.

photo.jpg gets photo-mask.png and photo-overlay.jpg. Pictures of one name, of two folders say, are told apart by their
endings, then by their folders: a-photo-mask.png.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import numpy as np

from cnnkit.data.picture.read import read_picture
from cnnkit.engine.records.results import Prediction
from cnnkit.errors import UsageError
from cnnkit.serialize import files
from cnnkit.serialize.outputs import check_output
from cnnkit.tasks import Task


@final
@dataclass(frozen=True)
class Written:
    """Where the files of each picture go.   folder: of all of them, made when the first is written."""

    folder: Path
    places: tuple[Mapping[str, Path], ...]

    def check(self, pictures: Sequence[Path], *, exist_ok: bool = False) -> None:
        """UsageError if one of the files is there already, is one of the pictures, or cannot be written there."""
        given = {os.path.realpath(picture) for picture in pictures}
        all_places = [place for places in self.places for place in places.values()]
        there = [place for place in all_places if os.path.lexists(place)]
        for place in there:
            if os.path.realpath(place) in given:
                raise UsageError(
                    f"{place} is one of the pictures, and would be written over. Choose another folder: --output DIR."
                )
        if there and not exist_ok:
            more = f" (and {len(there) - 1:,} more)" if len(there) > 1 else ""
            raise UsageError(
                f"{there[0]} exists{more}. Overwrite with --exist-ok, or choose another folder: --output DIR."
            )
        above = next(place for place in (self.folder, *self.folder.absolute().parents) if os.path.lexists(place))
        if not above.is_dir():
            raise UsageError(f"{above} is a file, not a folder. Choose another: --output DIR.")
        if not os.access(above, os.W_OK):
            raise UsageError(f"{self.folder} cannot be written: no permission. Choose another folder: --output DIR.")
        for place in all_places if self.folder.is_dir() else []:
            check_output(place, exist_ok=True)

    def write(self, number: int, task: Task[Any], answer: Prediction, white: int) -> Prediction:
        """The files of picture `number`, drawn over what `answer.path` names; the answer then tells them.

        white: what is white in pictures, as the network reads them.
        """
        assert answer.path is not None
        picture = np.asarray(read_picture(answer.path, white=white))
        drawn = task.files(answer.answer, picture[:, :, None] if picture.ndim == 2 else picture)
        if not self.folder.is_dir():
            files.make_folder(self.folder)
        places = self.places[number]
        for name, content in drawn.items():
            files.write_atomic(places[name], content)
        return replace(answer, files={name: str(places[name]) for name in drawn})


def written(pictures: Sequence[Path], endings: Mapping[str, str], folder: Path) -> Written:
    """endings: of the files of each picture, by name, as `Task.written` has them."""
    places = ({name: folder / f"{stem}{end}" for name, end in endings.items()} for stem in stems(pictures))
    return Written(folder, tuple(places))


def without_answers(
    pictures: Sequence[Path], listed: Sequence[Path], endings: Mapping[str, str], folder: Path
) -> tuple[list[Path], list[Path]]:
    """(pictures, those left out): a former answer to one of them, in the folder that was listed, is no picture."""
    places = written(pictures, endings, folder).places
    answers = {os.path.realpath(place) for of_one in places for place in of_one.values()}
    out = [picture for picture in listed if os.path.realpath(picture) in answers]
    return [picture for picture in pictures if picture not in out], out


def stems(pictures: Sequence[Path]) -> list[str]:
    """A name for each picture, none twice, however large letters are taken: as short as tells them apart."""
    found: dict[int, str] = {}
    taken: set[str] = set()
    waiting = list(range(len(pictures)))
    for name in _ways(pictures):
        wanted = Counter(name(pictures[k]).casefold() for k in waiting)
        for k in waiting:
            stem = name(pictures[k])
            if wanted[stem.casefold()] == 1 and stem.casefold() not in taken:
                found[k] = stem
        taken |= {stem.casefold() for stem in found.values()}
        waiting = [k for k in waiting if k not in found]
    for k in waiting:  # one picture, given twice
        number = 1
        while (stem := f"{pictures[k].stem}-{number}").casefold() in taken:
            number += 1
        found[k] = stem
        taken.add(stem.casefold())
    return [found[k] for k in range(len(pictures))]


def _ways(pictures: Sequence[Path]) -> Iterator[Callable[[Path], str]]:
    """More and more of the path: photo, photo-jpg, a-photo, a-photo-jpg, …"""
    deepest = max((len(picture.absolute().parts) for picture in pictures), default=1)
    for depth in range(1, deepest):
        for suffix in (False, True):

            def name(picture: Path, depth: int = depth, suffix: bool = suffix) -> str:
                *above, last = picture.absolute().parts[1:][-depth:]
                whole = Path(last)
                end = [whole.suffix.removeprefix(".")] if suffix and whole.suffix else []
                return "-".join([*above, whole.stem, *end])

            yield name
