"""What is asked of pictures in files when they are opened, and what is done with them whatever their targets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar, final

from cnnkit.data.open.splits import PARTS, VAL_FRACTION, DataSplits, split_parts
from cnnkit.data.open.stored_range import check_parts, stored_white
from cnnkit.data.picture.header import Header, check_ends, header
from cnnkit.data.sets.base import Dataset
from cnnkit.data.sets.image_folder import NamedFile, photo_preprocessing, refusals
from cnnkit.data.view.preprocessing import Fit, Preprocessing
from cnnkit.errors import DataError

# So many pictures are decoded once, and kept, before training begins; of a larger set only the ends of files are read.
CHECKED_AT_OPEN = 2000
# Skipped files that are named; of the rest only the number is told. And those that an error names.
NAMED, FIRST = 20, 3

Picture = TypeVar("Picture", bound=NamedFile)


class Listed(Protocol):
    """Pictures as they were listed, with any targets."""

    @property
    def source(self) -> Path: ...

    @property
    def layout(self) -> str: ...

    @property
    def notes(self) -> list[str]: ...

    @property
    def parts(self) -> Mapping[str, Sequence[NamedFile]]: ...


@final
@dataclass(frozen=True)
class Opening:
    """What is asked of pictures in files.

    name: of the data, short.   image_size, grey, fit, white: how pictures are read; what is None is told from them.
    seed: draws the parts that the data do not bring.   val_fraction: of training, where no part is for validation.
    skip_unreadable: what cannot be used is left out and told, not refused.
    tried: every file was read before, and none is tried again.   cache_bytes: memory for decoded pictures.
    learn: False for data that only judge a network: then classes may lack images.
    """

    name: str = ""
    image_size: tuple[int, int] | None = None
    grey: bool | None = None
    fit: Fit | None = None
    white: int | None = None
    seed: int = 0
    val_fraction: float = VAL_FRACTION
    skip_unreadable: bool = False
    tried: bool = False
    cache_bytes: int = 0
    learn: bool = True

    def coloured(
        self, pictures: Sequence[NamedFile], heads: Sequence[Header], size: tuple[int, int]
    ) -> tuple[Preprocessing, list[str]]:
        """(how pictures are read at this size, notes): grey where all heads are, white as numbers in the files say."""
        grey = bool(heads) and all(head.grey for head in heads) if self.grey is None else self.grey
        white, notes = (self.white, []) if self.white is not None else stored_white([one.name for one in pictures])
        return replace(photo_preprocessing(size, grey), white=white), notes

    def check_range(self, parts: Mapping[str, Sequence[NamedFile]]) -> None:
        """DataError where the numbers of one part have another white than those of the others."""
        if self.white is None and len(parts) > 1:
            check_parts({part: [one.name for one in pictures] for part, pictures in parts.items()})

    def refused(self, pictures: Sequence[Picture], read: Callable[[Picture], object]) -> list[tuple[Picture, str]]:
        """Those that cannot be read, and why. Of very many only the ends of the files are looked at."""
        if self.tried:
            return []
        whole = self.skip_unreadable or len(pictures) <= CHECKED_AT_OPEN
        return refusals(pictures, read if whole else lambda picture: check_ends(picture.path))

    def splits(
        self,
        listing: Listed,
        kept: Mapping[str, list[Picture]],
        dataset: Callable[[list[Picture]], Dataset],
        *,
        needed: str,
        holding: str = "",
        notes: Sequence[str] = (),
    ) -> DataSplits:
        """The three parts of the pictures that can be used, those that the data lack drawn.

        needed: what training lacks where none is left: "pictures can be used".   holding: what they hold, for `found`.
        """
        if not kept.get("train"):
            raise DataError(f"{listing.source}: none of the {len(listing.parts['train'])} training {needed}.")
        train, val, test = (dataset(kept[part]) if kept.get(part) else None for part in PARTS)
        assert train is not None
        splits = split_parts(
            train,
            val,
            test,
            found=f"{listing.source}: {listing.layout}, {holding}{train.preprocessing.in_words}",
            notes=[*listing.notes, *notes],
            seed=self.seed,
            val_fraction=self.val_fraction,
            learn=self.learn,
        )
        return replace(splits, source=listing.source)


def some_heads(pictures: Sequence[NamedFile], tried: int) -> list[Header]:
    """The headers of about so many pictures, from all over; without those that say nothing."""
    some = pictures[:: max(1, len(pictures) // tried)]
    return [head for one in some if (head := header(one.path)) is not None]


def unusable(what: str, messages: Sequence[str], mend: str) -> DataError:
    """The error on files that are refused.   what: "3 of 9 files cannot be read".   mend: what to do, or to skip."""
    more = " …" if len(messages) > FIRST else ""
    return DataError(
        f"{what}. {' '.join(messages[:FIRST])}{more} {mend} with --on-unreadable skip; `cnnkit data check` lists them "
        "all."
    )


def skipped(messages: Sequence[str]) -> list[str]:
    """Notes on what was left out."""
    notes = [f"Skipped: {message}" for message in messages[:NAMED]]
    if len(messages) > NAMED:
        notes.append(f"Skipped: {len(messages) - NAMED:,} more; `cnnkit data check` lists them all.")
    return notes
