"""One compiled kernel in one file: a digest, then what Numba makes the kernel from again.

    MAGIC · SHA-256 of (label, payload) · payload

The payload is Numba's pickle of machine code, and to load it is to trust it. So nothing of it is looked at before the
digest is right. That guards against damage: a bad disk, a cut copy, a half-written or exchanged file (the label says
which kernel this is). It does not guard against somebody who can write to the folder and so can write a right digest
too; therefore files of another user, files that others can write, and links are refused as well.
"""

import errno
import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

MAGIC = b"cnnkit kernel 1\n"
DIGEST = 32
LARGEST = 1 << 26  # bytes; the largest kernel takes less than one million
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Refused(Exception):  # noqa: N818 - a verdict on a file, told to the user and then forgotten
    """Why a file is not used."""


def read(path: Path, label: str) -> bytes | None:
    """The payload, None where there is no such file; Refused where it cannot be trusted."""
    try:
        handle = os.open(path, _FLAGS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused("is a link" if error.errno == errno.ELOOP else str(error.strerror)) from error
    try:
        _check(os.fstat(handle))
        with open(handle, "rb", closefd=False) as file:
            content = file.read(LARGEST + 1)
    finally:
        os.close(handle)
    start = len(MAGIC) + DIGEST
    payload = content[start:]
    if content[: len(MAGIC)] != MAGIC or content[len(MAGIC) : start] != _digest(label, payload):
        raise Refused("is damaged")
    return payload


def write(path: Path, label: str, payload: bytes) -> None:
    """Written beside and renamed: a reader sees the old file or the new one, and a link is replaced, not followed."""
    handle, beside = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(MAGIC + _digest(label, payload) + payload)
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise


def _check(found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise Refused("is not a regular file")
    if found.st_size > LARGEST:
        raise Refused(f"is larger than any kernel ({found.st_size:,} bytes)")
    if hasattr(os, "getuid"):
        if found.st_uid != os.getuid():
            raise Refused("belongs to another user")
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise Refused("can be written by others")


def _digest(label: str, payload: bytes) -> bytes:
    return hashlib.sha256(label.encode() + b"\0" + payload).digest()
