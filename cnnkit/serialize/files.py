"""The one layer through which durable files are written: after a return the bytes survive a crash, or nothing changed.

What is read whole comes in through here too (`read_whole`): plain files alone, of a size that was agreed on.
Nothing is written through a link: a folder from somebody else may hold any.

Write order: beside, write, fsync, rename, fsync of the folder. The four primitives below are looked up at each call, so
that a test can make the n-th of them fail.
"""

import errno
import os
import secrets
import stat
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

from cnnkit.errors import CnnkitError, DiskError, UsageError

_write = os.write
_fsync = os.fsync
_replace = os.replace
_truncate = os.ftruncate

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_RIGHT = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOENT}


def open_plain(path: Path) -> BufferedReader:
    """A file open for reading, once it is known to be a plain one: a pipe would wait for ever, a device never ends.

    Raises:
        OSError: with the reason as `strerror`, a clause for people that begins with "it is".
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | _NONBLOCK | _BINARY)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.EINVAL, "it is a socket, not a plain file", str(path)) from error
        raise
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "it is a folder, not a file", str(path))
        if not stat.S_ISREG(mode):
            kind = "pipe" if stat.S_ISFIFO(mode) else "device"
            raise OSError(errno.EINVAL, f"it is a {kind}, not a plain file", str(path))
        return os.fdopen(descriptor, "rb")
    except OSError:
        os.close(descriptor)
        raise


def read_whole(path: Path, most: int) -> bytes:
    """The bytes of a plain file, of which there may be `most`.

    Raises:
        OSError: it cannot be read, is no plain file, or is larger; `strerror` says it for people.
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        data = b"" if size > most else file.read(size + 1)
        # Files of /proc say that they have no bytes, and a file may grow meanwhile.
        while size <= most and len(data) <= most and (more := file.read(min(1 << 20, most + 1 - len(data)))):
            data += more
    if max(size, len(data)) > most:
        raise OSError(errno.EFBIG, f"it is larger than the {most:,} bytes that are read of such a file", str(path))
    return data


def write_atomic(path: Path, data: bytes) -> None:
    """Put `data` at `path`: a reader, and a machine that crashed, see the old file or the new one, never a part.

    A link at `path` is replaced, not followed; a device or a pipe is refused, as others need it. Beside it a new name
    is taken that nobody can have guessed.
    """
    if _is_special(path):
        raise UsageError(f"{path} is a pipe or a device, not a plain file. Choose another name.")
    beside = path.with_name(f".{path.name[:_LONGEST_STEM]}.{secrets.token_hex(8)}.tmp")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY, 0o666)
        try:
            _write_all(descriptor, data)
            _fsync(descriptor)
        finally:
            os.close(descriptor)
        _replace(beside, path)
        fsync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            os.unlink(beside)
        raise _refusal(path, error) from error


def append(path: Path, data: bytes) -> int:
    """Add `data` at the end of `path`, durably, and return the new length; a failure leaves the file as it was."""
    try:
        descriptor = _open_own(path, os.O_RDWR | os.O_CREAT)
        try:
            length = os.lseek(descriptor, 0, os.SEEK_END)
            try:
                _write_all(descriptor, data)
                _fsync(descriptor)
            except OSError:
                with suppress(OSError):
                    _truncate(descriptor, length)
                raise
        finally:
            os.close(descriptor)
        if length == 0:
            fsync_folder(path.parent)
    except OSError as error:
        raise _refusal(path, error) from error
    return length + len(data)


def cut_back(path: Path, length: int) -> None:
    """Drop what lies behind `length`; a file that is shorter, or missing, stays as it is."""
    try:
        descriptor = _open_own(path, os.O_RDWR)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _refusal(path, error) from error
    try:
        if os.lseek(descriptor, 0, os.SEEK_END) > length:
            _truncate(descriptor, length)
            _fsync(descriptor)
    except OSError as error:
        raise _refusal(path, error) from error
    finally:
        os.close(descriptor)


def check_real_folder(path: Path) -> None:
    """UsageError if `path` is a link to a folder elsewhere; a path that is missing is fine."""
    if path.is_symlink():
        raise UsageError(f"{path} is a link, and writing there would change another file. Remove the link.")


def sweep(folder: Path) -> None:
    """Remove what a kill left half written in this folder."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(".tmp") and not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)


def remove(path: Path) -> None:
    """Drop a file that is no longer needed; that it is gone need not survive a crash."""
    with suppress(FileNotFoundError):
        try:
            os.unlink(path)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise _refusal(path, error) from error


def rename(source: Path, target: Path) -> None:
    """Give a file another name in its folder."""
    try:
        _replace(source, target)
        fsync_folder(target.parent)
    except OSError as error:
        raise _refusal(target, error) from error


def make_folder(path: Path, *, known_as: Path | None = None) -> None:
    """Make `path` and what is missing above it; FileExistsError if it is there.

    known_as: the name that an error tells, where the folder will have another one when it is finished.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir()
        fsync_folder(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise _refusal(known_as or path, error) from error


def move_folder(source: Path, target: Path) -> None:
    """Give a finished folder its name; FileExistsError if another has it."""
    try:
        _replace(source, target)
        fsync_folder(target.parent)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise FileExistsError(errno.EEXIST, "exists", str(target)) from error
        raise _refusal(target, error) from error


def fsync_folder(path: Path) -> None:
    """Make names in this folder durable; where folders cannot be opened (Windows) the system sees to it."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _fsync(descriptor)
    finally:
        os.close(descriptor)


_BINARY = getattr(os, "O_BINARY", 0)
# Opening a pipe would wait for one that writes to it.
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
# Of a file's name in that of the file beside it: names have at most 255 bytes, of which a character takes up to four.
_LONGEST_STEM = 50


def _open_own(path: Path, flags: int) -> int:
    """Open a file of ours for writing: no link, no pipe, and none that is another file's twin (a hard link)."""
    flags |= _NOFOLLOW | _NONBLOCK | _BINARY
    descriptor = os.open(path, flags, 0o666)
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a plain file", str(path))
    if about.st_nlink > 1:
        os.close(descriptor)
        write_atomic(path, read_whole(path, about.st_size))
        descriptor = os.open(path, flags, 0o666)
    return descriptor


def _is_special(path: Path) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))


def _write_all(descriptor: int, data: bytes) -> None:
    """A write may take only a part; a write that takes nothing is a full disk."""
    rest = memoryview(data)
    while rest:
        written = _write(descriptor, rest)
        if written <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest = rest[written:]


def _refusal(path: Path, error: OSError) -> CnnkitError:
    """The error for people: no room, no right, or a failing disk."""
    why = error.strerror or str(error)
    if error.errno in NO_ROOM:
        return DiskError(f"There is no room to write {path} ({why}). What was there before is kept. Free some space.")
    if error.errno == errno.ELOOP:
        return UsageError(f"{path} is a link, and nothing is written through a link. Remove it.")
    if error.errno == errno.EINVAL:
        return UsageError(f"{path} cannot be written: {why}. Remove it.")
    if error.errno in _NO_RIGHT:
        return UsageError(f"{path} cannot be written ({why}). Choose another folder.")
    return DiskError(f"Writing {path} failed ({why}). What was there before is kept. Check the disk.")
