"""Fetch a published data set."""

import difflib
import os
import shutil
import tarfile
import zlib
from pathlib import Path
from typing import IO

from cnnkit.data.fetch.download import CHUNK, Progress, check_address, download
from cnnkit.data.fetch.sources import SOURCES, Source
from cnnkit.data.open.source import data_home
from cnnkit.errors import DataError, ResourceError, UsageError

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
    check_address(base)
    folder = folder or data_home() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in source.files:
            if source.members and all((folder / Path(member).name).is_file() for member in source.members):
                continue
            url = base.rstrip("/") + "/" + file.name
            download(url, folder / file.name, file.sha256, LARGEST_FILE, on_progress)
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
