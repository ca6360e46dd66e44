"""A new folder of copies or links of files, which appears whole or not at all."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Literal

from cnnkit.data.headway import Headway
from cnnkit.data.open.source import is_text
from cnnkit.data.split.leftovers import sweep
from cnnkit.data.split.names import Place
from cnnkit.data.split.plan import unreadable
from cnnkit.errors import CnnkitError, DataError, ResourceError, UsageError

Link = Literal["none", "hard", "symbolic"]
LINKS: tuple[Link, ...] = ("none", "hard", "symbolic")
# Files take whole blocks of a disk.
BLOCK = 4096


def beside(target: Path) -> Path:
    """Where it is written until it is whole: `leftovers.sweep` knows such names."""
    return target.with_name(f".{target.name}.{os.getpid()}.split.tmp")


def free_place(output: Path, data: Path) -> Path:
    """Where the folder will be, absolute; UsageError if something is there or the source would grow by it."""
    target = Path(os.path.realpath(output.expanduser()))
    if not is_text(str(target)):
        raise UsageError(
            f"The path {os.fsencode(target)!r} is not valid text, so a run cannot record it. Choose "
            "another folder with --output."
        )
    if os.path.isdir(target):
        with os.scandir(target) as entries:
            if next(entries, None) is not None:
                raise UsageError(f"{output} exists and is not empty. Choose another folder with --output.")
        if target == Path.cwd():
            raise UsageError(f"{output} is the folder you are in. Name a new one, such as --output parts.")
    elif os.path.exists(target):
        raise UsageError(f"{output} is a file, but --output names a new folder. Choose another name.")
    source = data.resolve()
    if source in target.parents:
        raise UsageError(f"{output} is inside {data}, which is not changed. Choose a folder elsewhere.")
    return target


def check_room(folder: Path, places: Sequence[Place]) -> None:
    """ResourceError where copies of all files do not fit on the disk of `folder`."""
    needed = sum(-(-one.size // BLOCK) * BLOCK for one in places)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ResourceError(
            f"Copies of {len(places):,} files take {needed / 1e6:,.1f} MB, but {free / 1e6:,.1f} MB are free "
            f"in {folder}. Free some space, or make links instead: --link symbolic."
        )


def write_new(
    target: Path,
    places: Sequence[Place],
    link: Link,
    *,
    texts: Mapping[PurePosixPath, str] = MappingProxyType({}),
    check: Callable[[Path], None] = lambda folder: None,
) -> Iterator[Headway]:
    """Make the folder: files copied or linked, and texts beside them. It appears whole, or not at all.

    check: looks at the folder before it gets its name, and raises where something is wrong with it.
    """
    new = beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        sweep(target.parent)
        if link == "none":
            check_room(target.parent, places)
        for folder in sorted({one.name.parent for one in places} | {Path(file).parent for file in texts}):
            (new / folder).mkdir(parents=True, exist_ok=True)
        for done, one in enumerate(places, 1):
            put(one.source, new / one.name, link, one.size)
            yield Headway("copying" if link == "none" else "linking", done, len(places))
        for file, text in texts.items():
            (new / file).write_text(text, encoding="utf-8")
        check(new)
        if hasattr(os, "sync"):
            os.sync()
        os.replace(new, target)
    except OSError as error:
        raise refusal(target, error, link) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def put(source: Path, target: Path, link: Link, size: int) -> None:
    """Copy or link a file of `size` bytes."""
    if link == "hard":
        os.link(os.path.realpath(source), target)
    elif link == "symbolic":
        os.symlink(os.path.abspath(source), target)
    else:
        _copy(source, target, size)


def _copy(source: Path, target: Path, size: int) -> None:
    try:
        with open(source, "rb") as original, open(target, "xb") as copy:
            shutil.copyfileobj(original, copy, 1 << 20)
            copied = copy.tell()
    except OSError as error:
        if error.filename != os.fspath(source):
            raise
        raise unreadable(source, error) from error
    if copied != size:
        raise DataError(f"{source} changed while it was copied. Wait until nothing writes there, then try again.")
    with suppress(OSError):
        shutil.copystat(source, target)


def refusal(target: Path, error: OSError, link: Link) -> CnnkitError:
    """The error for people: no space, no right, or links that this disk cannot hold."""
    why = error.strerror or str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ResourceError(
            f"There is no space left to write {target} ({why}); the new folder was removed again. Free some space."
        )
    if link != "none" and error.errno in (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EOPNOTSUPP):
        other = "symbolic or --link none" if link == "hard" else "none"
        return UsageError(f"No {link} link to the pictures can be made in {target} ({why}). Use --link {other}.")
    if error.errno == errno.ENOTEMPTY:
        return UsageError(
            f"{target} was created by somebody else in the meantime. Choose another folder with --output."
        )
    return UsageError(f"{target} cannot be written ({why}). Choose another folder with --output.")
