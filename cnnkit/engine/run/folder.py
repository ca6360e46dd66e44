"""The run folder: where everything of one training lies.

config.toml       the options, resolved; good for --config     manifest.json   versions, machine, data hash, seed, start
events.jsonl      what happened, a line each                   results.csv     a row per epoch
parts.csv         which image was in which part                result.json     once the run is finished
report.html       what people look at, and its pictures in plots/: made from the rest, never read
weights/          best.safetensors, last.safetensors           state/          step-N.safetensors, two generations;
                                                                               while it trains: features, proposals and
                                                                               piece-*.safetensors
tensorboard/      with --tensorboard: the curves
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

from cnnkit.errors import UsageError
from cnnkit.serialize import files, plain_json

try:
    import fcntl
except ImportError:  # Windows: two processes in one run folder are not noticed there
    fcntl = None  # type: ignore[assignment]

RUNS = Path("runs")
# A manifest tells the whole command line, which may be long.
_LARGEST_JSON = 16 * 2**20
# Digits of a folder's number.
LONGEST_NUMBER = 10


@final
@dataclass(frozen=True)
class Run:
    """Where the parts of one run lie."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.toml"

    @property
    def manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def results(self) -> Path:
        return self.path / "results.csv"

    @property
    def parts(self) -> Path:
        return self.path / "parts.csv"

    @property
    def page(self) -> Path:
        return self.path / "report.html"

    @property
    def plots(self) -> Path:
        return self.path / "plots"

    @property
    def pictures(self) -> list[Path]:
        """Those of the page; none where plots is a link to a folder elsewhere."""
        if self.plots.is_symlink():
            return []
        return sorted(path for path in self.plots.glob("*") if path.suffix in (".svg", ".png"))

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    @property
    def best(self) -> Path:
        return self.path / "weights" / "best.safetensors"

    @property
    def last(self) -> Path:
        return self.path / "weights" / "last.safetensors"

    @property
    def states(self) -> Path:
        return self.path / "state"

    @property
    def features(self) -> Path:
        return self.states / "features.safetensors"

    @property
    def proposals(self) -> Path:
        return self.states / "proposals.safetensors"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def event_files(self) -> list[Path]:
        """Those that `--tensorboard` wrote, and no other program."""
        return sorted(self.tensorboard.glob(f"events.out.tfevents.{'[0-9]' * LONGEST_NUMBER}.cnnkit"))

    def piece(self, name: str) -> Path:
        """Of a phase behind the last step."""
        return self.states / f"piece-{name}.safetensors"

    @property
    def pieces(self) -> list[Path]:
        return sorted(self.states.glob("piece-*.safetensors"))

    def read_result(self) -> dict[str, Any] | None:
        """The result of a finished run; None where there is none."""
        return _read_json(self.result)

    def read_manifest(self) -> dict[str, Any]:
        """The manifest; empty where it is missing or damaged."""
        return _read_json(self.manifest) or {}

    def data_sha256(self) -> str | None:
        """The checksum of the data that the manifest notes; None where it notes none."""
        data = self.read_manifest().get("data")
        expected = data.get("sha256") if isinstance(data, dict) else None
        return expected if isinstance(expected, str) else None

    def started(self) -> datetime | None:
        """When the run began, as its manifest says; None where it says no time."""
        try:
            said = datetime.fromisoformat(str(self.read_manifest().get("started")))
        except ValueError:
            return None
        return said if said.tzinfo else said.replace(tzinfo=UTC)

    def write_json(self, path: Path, content: dict[str, Any]) -> None:
        files.write_atomic(path, (plain_json.text(content, indent=2) + "\n").encode())

    def is_held(self) -> bool:
        """Whether a process writes here now; False where nobody can tell."""
        if fcntl is None:
            return False
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return False

    def discard(self) -> None:
        """Take away a run in which nothing was trained, and its folder if nothing else lies there."""
        first = (self.config, self.manifest, self.parts, self.events, self.page)
        for path in (*first, *self.states.glob("*.safetensors"), *self.event_files):
            with suppress(OSError):
                path.unlink()
        for folder in (self.states, self.best.parent, self.tensorboard, self.path):
            with suppress(OSError):
                folder.rmdir()

    def _tidy(self) -> None:
        self.check_folders()
        for folder in (self.path, self.states, self.best.parent, self.tensorboard):
            files.sweep(folder)

    def check_folders(self) -> None:
        """UsageError where a folder in the run's is a link; the run's own may be one, as the user named it."""
        for folder in (self.states, self.best.parent, self.tensorboard):
            files.check_real_folder(folder)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Refuse a second process that would write here; the hold goes with the process, however it ends.

        What a killed process left half written is swept away, and folders that are links are refused.
        """
        if fcntl is None:
            self._tidy()
            yield
            return
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            _lock(descriptor, self.path)
            self._tidy()
            yield
        finally:
            os.close(descriptor)


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"Another process is training in {path}. Wait for it, or stop it first.") from None
    except OSError:
        # Some network file systems have no locks: then nothing is refused.
        return


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(files.read_whole(path, _LARGEST_JSON))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
