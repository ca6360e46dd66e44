"""Which part each picture of a folder goes to: drawn by a seed, class by class, copies together."""

import hashlib
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np

from cnnkit.data.headway import Headway
from cnnkit.data.layout.listing import PictureFile
from cnnkit.data.open.splits import PARTS
from cnnkit.errors import DataError, UsageError


@final
@dataclass(frozen=True)
class Plan:
    """parts: train, val, test -> pictures, in their order; parts of no share are left out.

    sizes: bytes of each file.   copies: files that equal an earlier one.   disputed: pictures under two labels.
    """

    parts: dict[str, list[PictureFile]]
    sizes: dict[PictureFile, int]
    copies: int
    disputed: int


def plan(files: list[PictureFile], *, val: float, test: float, seed: int) -> Iterator[Headway | Plan]:
    """Steps of comparing the files, then the plan.

    val, test: shares of each class's pictures, equal ones counted once. A class of three or more gives at least one to
    each part, a class of two one to train and one to test (val where there is no test), a class of one trains. A
    picture that lies under two labels trains: it would blur the measure.
    """
    check_shares(val, test)
    sizes = {file: file_size(file.path) for file in files}
    groups: dict[tuple[int, bytes], list[PictureFile]] = {}
    often = Counter(sizes.values())
    for done, file in enumerate(files, 1):
        # A size that occurs once needs no look inside: no other file can be equal.
        digest = _digest(file.path) if often[sizes[file]] > 1 else b""
        groups.setdefault((sizes[file], digest), []).append(file)
        yield Headway("comparing", done, len(files))
    part_of = _draw(list(groups.values()), val, test, seed)
    shares = {"train": 1.0, "val": val, "test": test}
    parts = {part: [file for file in files if part_of[file] == part] for part in PARTS if shares[part]}
    disputed = sum(len({file.class_name for file in group}) > 1 for group in groups.values())
    yield Plan(parts, sizes, len(files) - len(groups), disputed)


def check_shares(val: float, test: float) -> None:
    """UsageError unless something is left for training, and something is to be taken from it."""
    if not (val >= 0 and test >= 0 and 0 < val + test < 1):
        raise UsageError(
            f"The shares of val and test are {val:g} and {test:g}; their sum must be above 0 and below 1, "
            "such as --val 0.15 --test 0.15. The rest is for training."
        )


def counts(pictures: int, val: float, test: float) -> tuple[int, int]:
    """(val, test) pictures of a class, rounded, so that no side is empty while there are pictures for it."""
    least_val, least_test = int(val > 0 and (pictures > 2 or not test)), int(test > 0)
    if pictures < 2:
        return 0, 0
    n_test = max(round(pictures * test), least_test)
    n_val = max(round(pictures * val), least_val)
    while n_val + n_test > pictures - 1:
        if n_val - least_val > n_test - least_test:
            n_val -= 1
        else:
            n_test -= 1
    return n_val, n_test


def _draw(groups: list[list[PictureFile]], val: float, test: float, seed: int) -> dict[PictureFile, str]:
    rng = np.random.default_rng([seed, 0x5B117F])
    by_class: dict[str, list[list[PictureFile]]] = {}
    part_of: dict[PictureFile, str] = {}
    for group in groups:
        names = {file.class_name for file in group}
        if len(names) > 1:
            part_of |= dict.fromkeys(group, "train")
        else:
            by_class.setdefault(names.pop(), []).append(group)
    for name in sorted(by_class):
        members = by_class[name]
        n_val, n_test = counts(len(members), val, test)
        for rank, index in enumerate(rng.permutation(len(members)).tolist()):
            part = "test" if rank < n_test else "val" if rank < n_test + n_val else "train"
            part_of |= dict.fromkeys(members[index], part)
    return part_of


def unreadable(path: Path, error: OSError) -> DataError:
    """The error for a file that cannot be opened."""
    return DataError(f"{path} cannot be read: {error.strerror}. Put it back, or correct its permissions.")


def file_size(path: Path) -> int:
    """Bytes of a regular file; DataError where it is none."""
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path} is not a regular file; expected a picture. Remove it.")
    return status.st_size


def _digest(path: Path) -> bytes:
    try:
        with open(path, "rb") as handle:
            return hashlib.file_digest(handle, "sha256").digest()
    except OSError as error:
        raise unreadable(path, error) from error
