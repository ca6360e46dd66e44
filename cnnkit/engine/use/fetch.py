"""Fetch published weights: downloaded, held against their checksum, and converted into one of our files."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, final

from cnnkit import models
from cnnkit.data.fetch.download import Progress, check_address, download
from cnnkit.data.open.source import data_home
from cnnkit.engine.use.choices import Choices
from cnnkit.engine.use.weights import check_target, convert
from cnnkit.errors import CheckpointError, ResourceError, UsageError
from cnnkit.models.network import Network
from cnnkit.models.weights.downloads import Download, download_of
from cnnkit.serialize import safe


@final
@dataclass(frozen=True)
class FetchResult:
    """target: our file, new or there already.   source: the address that it is from."""

    model: str
    target: str
    source: str
    licence: str
    downloaded: bool
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def fetch_weights(
    model: str,
    target: Path | None = None,
    on_progress: Progress = lambda *_: None,
    *,
    exist_ok: bool = False,
    base_url: str | None = None,
) -> FetchResult:
    """Download the published weights of this network, and write them as one of our files; what is there stays.

    Args:
        target: by default `weights/MODEL.safetensors` where downloaded data lie.
        exist_ok: download again, and replace the target whatever it is.
        base_url: another place that offers the same file (default `CNNKIT_FETCH_URL`, else the publisher's).

    Raises:
        UsageError: there is nothing to download for this network, or the target is another file.
        CnnkitError: the server cannot be reached, has no such file, or breaks off.
        DataError, CheckpointError: what came is another file.
        ResourceError: it cannot be written.
    """
    models.spec(model)
    found = download_of(model)
    base = base_url or os.environ.get("CNNKIT_FETCH_URL")
    url = f"{base.rstrip('/')}/{found.file}" if base else found.address
    check_address(url)
    folder = data_home() / "weights"
    target = folder / f"{model}.safetensors" if target is None else target.expanduser()
    if target.exists() and not exist_ok:
        _check_same(target, found)
        notes: tuple[str, ...] = (f"{target} is there already; --exist-ok downloads it again.",)
        return FetchResult(model, str(target), url, found.source.licence, False, notes)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_target(folder / found.file, target, exist_ok)
        download(url, folder / found.file, found.sha256, largest_file(model), on_progress)
        new = convert(folder / found.file, model, target, Choices(), exist_ok=exist_ok)
        (folder / found.file).unlink()
    except OSError as error:
        raise ResourceError(f"{folder} cannot be written: {error.strerror or error}. Is the disk full?") from error
    notes = (f"Licence of {found.source.publisher}: {found.source.licence}.", *new.notes)
    return FetchResult(model, str(target), url, found.source.licence, True, notes)


def largest_file(model: str) -> int:
    """Bytes that a file of this network's weights may have: its numbers in float32, and a quarter more."""
    spec = models.spec(model)
    module = Network(model, spec.classes, spec.input[2], spec.input[:2]).build()
    return 5 * sum(array.size for array in module.state_dict().values()) + (1 << 20)


def _check_same(target: Path, found: Download) -> None:
    """UsageError if the target is not what a former fetch left there."""
    try:
        there = safe.is_ours(target) and safe.load(target)[1].get("converted_from") == found.file
    except CheckpointError:
        there = False
    if not there:
        raise UsageError(
            f"{target} exists, and is not {found.file} converted. Choose another --output, or give --exist-ok to "
            "replace it."
        )
