"""Files that a command writes for the user: refused before any work, written beside, and there whole or not at all."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, final

from cnnkit.errors import CnnkitError, ResourceError, UsageError
from cnnkit.serialize import files


def check_output(path: Path, *, exist_ok: bool = False) -> None:
    """UsageError if a file cannot, or must not, be written there: to be asked before an hour of work.

    A device or a pipe that is there is written to as it is.
    """
    if str(path) == "-":
        raise UsageError("- is no name for a file. Choose another name.")
    if os.path.isdir(path):
        raise UsageError(f"{path} is a folder, not a file. Give the file a name, such as {path / 'result'}.")
    if is_special(path):
        return
    if os.path.lexists(path) and not exist_ok:
        raise UsageError(f"{path} exists. Choose another name, or overwrite it with --exist-ok.")
    parent = Path(os.path.realpath(path)).parent
    if not parent.is_dir():
        raise UsageError(f"There is no folder {parent} to write {path.name} into. Make it first.")
    if not os.access(parent, os.W_OK):
        raise UsageError(f"{path} cannot be written: no permission to write into {parent}. Choose another folder.")


def is_special(path: Path) -> bool:
    """Whether a device or a pipe is there."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextmanager
def text_output(path: Path, *, exist_ok: bool = False) -> Iterator["Output"]:
    """A file to write lines of text into, UTF-8. It gets its name when all was written; until then, and where the work
    is broken off, what was there before stays.

    Raises:
        UsageError: `check_output` refuses it, or it cannot be made.
        ResourceError: no room is left, or writing failed; the message names `path`.
    """
    check_output(path, exist_ok=exist_ok)
    special = is_special(path)
    # A link stays a link: the file that it leads to is replaced.
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".cnnkit-{os.getpid()}.tmp")
    try:
        if not special:
            with suppress(FileNotFoundError):
                os.unlink(beside)
        place, mode = (path, "w") if special else (beside, "x")
        file = open(place, mode, newline="", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 - closed below
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        yield Output(file, path)
        try:
            file.flush()
            if not special:
                os.fsync(file.fileno())
            file.close()
            if not special:
                os.replace(beside, target)
                files.fsync_folder(target.parent)
        except OSError as error:
            raise _refusal(path, error) from error
    finally:
        # What could not be written is tried again by close.
        with suppress(OSError):
            file.close()
        if not special:
            with suppress(OSError):
                os.unlink(beside)


@final
class Output:
    """What `csv` writes to: a failure is told with the name of the file."""

    def __init__(self, file: IO[str], path: Path) -> None:
        self._file, self.path = file, path

    def write(self, text: str) -> int:
        try:
            return self._file.write(text)
        except OSError as error:
            raise _refusal(self.path, error) from error


def _refusal(path: Path, error: OSError) -> CnnkitError:
    why = error.strerror or str(error)
    if error.errno in files.NO_ROOM:
        return ResourceError(f"There is no room to write {path} ({why}); it was not written. Free some space first.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ENOENT):
        return UsageError(f"{path} cannot be written ({why}). Choose another file.")
    return ResourceError(f"Writing {path} failed ({why}). Choose a file on another disk.")
