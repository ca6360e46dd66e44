"""Fetch a published data set. Only the command that asks for it imports this file: nothing else opens a socket."""

import difflib
import hashlib
import os
import re
import shutil
import tarfile
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO

from cnnkit.data.open import data_home
from cnnkit.data.sources import SOURCES, RemoteFile, Source
from cnnkit.errors import CnnkitError, DataError, ResourceError, UsageError

# (what, bytes done, bytes in all or 0 if the server does not say)
Progress = Callable[[str, int, int], None]
CHUNK, TIMEOUT_S = 1 << 18, 30
# Well above the largest file of any source; a server that sends more sends something else.
LARGEST_FILE = 256 << 20


def fetch(
    name: str, folder: Path | None = None, on_progress: Progress = lambda *_: None, *, base_url: str | None = None
) -> Path:
    """Fetch `name` into `folder` (default: where `--data NAME` looks), return the folder; what is there already stays.

    A broken fetch goes on where it stopped. Each file is written beside, held against its published checksum, renamed.
    base_url: another place that offers the same files (default `CNNKIT_FETCH_URL`, else the publisher's).
    """
    source = _source(name)
    base = base_url or os.environ.get("CNNKIT_FETCH_URL") or source.base
    if not re.match(r"https?://", base):
        raise UsageError(f"Data are downloaded over http or https, not from {base!r}.")
    folder = folder or data_home() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in source.files:
            if source.members and all((folder / Path(member).name).is_file() for member in source.members):
                continue
            _fetch_file(base.rstrip("/") + "/" + file.name, file, folder, on_progress)
            if source.members:
                unpack(folder / file.name, source, folder)
                (folder / file.name).unlink()
        if source.classes:
            _write_beside(folder / "classes.txt", "\n".join(source.classes).encode() + b"\n")
    except OSError as error:
        raise ResourceError(f"{folder} cannot be written: {error.strerror or error}. Is the disk full?") from error
    return folder


def unpack(archive: Path, source: Source, folder: Path) -> None:
    """Take the expected members out of a .tar.gz, flat into `folder`; their names and sizes are known beforehand."""
    missing = dict(source.members)
    try:
        with tarfile.open(archive, "r|gz") as tar:
            for member in tar:
                if missing and member.name in missing:
                    if not member.isreg() or member.size != missing[member.name]:
                        raise DataError(f"{archive}: {member.name} is not a file of {missing[member.name]} bytes.")
                    content = tar.extractfile(member)
                    assert content is not None  # a regular file has content
                    _copy_beside(folder / Path(member.name).name, content, missing.pop(member.name))
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(f"{archive} cannot be unpacked: {error}. Delete it and fetch again.") from error
    if missing:
        raise DataError(f"{archive} lacks {next(iter(missing))}. Delete it and fetch again.")


def _source(name: str) -> Source:
    if name in SOURCES:
        return SOURCES[name]
    if name == "digits":
        raise UsageError("The digits are part of the package; there is nothing to fetch.")
    close = difflib.get_close_matches(name.lower(), SOURCES, 1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise UsageError(f"There is no data set {name!r} to fetch; expected one of {', '.join(SOURCES)}.{hint}")


def _fetch_file(url: str, file: RemoteFile, folder: Path, on_progress: Progress) -> None:
    target, part = folder / file.name, folder / (file.name + ".part")
    if target.is_file() and _md5(target) == file.md5:
        return
    if not (part.is_file() and _md5(part) == file.md5):
        try:
            _download(url, file.name, part, on_progress)
        except urllib.error.HTTPError as error:
            error.close()
            raise CnnkitError(
                f"{url} answered {error.code} {error.reason}. Try later, or set CNNKIT_FETCH_URL."
            ) from error
        except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError) as error:
            reason = getattr(error, "reason", None) or error
            raise CnnkitError(
                f"{url} could not be fetched: {reason}. Run the command again: it goes on where it stopped."
            ) from error
    if (found := _md5(part)) != file.md5:
        part.unlink()
        raise DataError(
            f"{url} has the MD5 checksum {found}, but the published one is {file.md5}. The file was "
            "deleted; fetch it again, or from another place with CNNKIT_FETCH_URL."
        )
    part.replace(target)


def _download(url: str, name: str, part: Path, on_progress: Progress) -> None:
    """Append to `part` from where it ends; from the start where the server cannot do that."""
    have = part.stat().st_size if part.is_file() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response: HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:
            raise
        # The part is as long as the file or longer, and its checksum was wrong.
        error.close()
        have, response = 0, urllib.request.urlopen(url, timeout=TIMEOUT_S)
    with response:
        resumed = response.status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        have = have if resumed else 0
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdigit() else 0
        if total > LARGEST_FILE:
            raise DataError(
                f"{url} offers {total} bytes, far more than any file of this data set. Is it the right place?"
            )
        with open(part, "ab" if have else "wb") as out:
            on_progress(name, have, total)
            while chunk := response.read(CHUNK):
                have += len(chunk)
                if have > LARGEST_FILE:
                    raise DataError(f"{url} sends more than {LARGEST_FILE} bytes. Is it the right place?")
                out.write(chunk)
                on_progress(name, have, total)
    if have < total:
        raise ConnectionError(f"the connection closed after {have} of {total} bytes")


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _copy_beside(path: Path, content: IO[bytes], size: int) -> None:
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as out:
        shutil.copyfileobj(content, out, CHUNK)
    if part.stat().st_size != size:
        part.unlink()
        raise DataError(f"{path.name} ends before its {size} bytes. Delete the archive and fetch again.")
    part.replace(path)


def _write_beside(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)
