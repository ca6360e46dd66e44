"""One hostile file at a time: whatever it says, the outcome is an answer or a sentence, and no other file changes.

Case `number` of a kind under a seed is always the same, here and in benchmarks/fuzz.py.
"""

import json
import os
import shutil
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, SimpleNamespace

import numpy as np
from doors import KINDS, Kind, make_seeds, path_of
from mutate import of_bytes, of_record

from cnnkit.errors import CnnkitError
from cnnkit.serialize import safe

# Seconds after which a case is taken to hang; a training's kernels may have to be compiled in one.
LONGEST = 60
LONGEST_SENTENCE = 3000
FOREIGN = b"somebody's"


@dataclass(frozen=True)
class Fault:
    """An outcome that should not be."""

    kind: str
    seed: int
    number: int
    what: str


class _Hangs(BaseException):
    """Not an Exception, so that nothing on the way takes it for its own."""


class Bench:
    """A folder of valid files, of which each case makes one hostile.   answers, sentences: how many ended so."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._pristine = folder / "files", folder / "pristine"
        make_seeds(self.folder)
        shutil.copytree(self.folder, self._pristine)
        self._foreign = folder / "foreign"
        self._foreign.write_bytes(FOREIGN)
        self._around = set(os.listdir(folder))
        self.answers = self.sentences = 0

    def case(self, kind: Kind, seed: int, number: int) -> Fault | None:
        """Carry one out, and put the folder back as it was."""
        rng = np.random.default_rng([seed, KINDS.index(kind), number])
        path = path_of(kind, self.folder)
        whole_run = kind.path.startswith("run/")
        try:
            self._make_hostile(kind, path, rng, number)
            what = self._outcome(kind)
            return Fault(kind.name, seed, number, what) if what else None
        finally:
            if whole_run:
                shutil.rmtree(self.folder / "run")
                shutil.copytree(self._pristine / "run", self.folder / "run")
            else:
                _remove(path)
                shutil.copy(self._pristine / kind.path, path)

    def hostile(self, kind: Kind, seed: int, number: int) -> Path:
        """The file of a case, to be looked at; the folder is left so."""
        path = path_of(kind, self.folder)
        self._make_hostile(kind, path, np.random.default_rng([seed, KINDS.index(kind), number]), number)
        return path

    def _make_hostile(self, kind: Kind, path: Path, rng: np.random.Generator, number: int) -> None:
        if number % 16 == 15:
            self._replace(path, int(rng.integers(5)))
        elif kind.record and number % 4:
            arrays, record = safe.load(path)
            with _any_number():
                safe.save(path, arrays, of_record(rng, record))
        elif path.suffix == ".json" and number % 2:
            path.write_text(json.dumps(of_record(rng, json.loads(path.read_bytes()))))
        else:
            path.write_bytes(of_bytes(rng, path.read_bytes()))

    def _replace(self, path: Path, choice: int) -> None:
        """What is no plain file in its place."""
        _remove(path)
        match choice:
            case 0:
                path.symlink_to(self._foreign)
            case 1:
                os.mkfifo(path)
            case 2:
                path.symlink_to("/dev/zero")
            case 3:
                path.mkdir()
            case _:
                path.touch()
                os.truncate(path, 1 << 40)

    def _outcome(self, kind: Kind) -> str:
        """What is wrong with it; "" for an answer or a sentence."""
        try:
            with _alarm():
                kind.enter(self.folder)
            self.answers += 1
        except CnnkitError as error:
            self.sentences += 1
            said = str(error)
            if not said or len(said) > LONGEST_SENTENCE or "Traceback" in said or " object at 0x" in said:
                return f"{type(error).__name__} says {said[:200]!r} ({len(said):,} characters)"
        except _Hangs:
            return f"it takes more than {LONGEST} s"
        except BaseException as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__}: {error!s:.200} ({Path(last.filename).name}:{last.lineno})"
        if self._foreign.read_bytes() != FOREIGN or set(os.listdir(self._foreign.parent)) != self._around:
            self._foreign.write_bytes(FOREIGN)
            return "a file outside was changed"
        return ""


@contextmanager
def _alarm() -> Iterator[None]:
    def ring(signum: int, frame: FrameType | None) -> None:
        raise _Hangs

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(LONGEST)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _any_number() -> Iterator[None]:
    """Let records hold NaN, as a file of somebody else may."""
    real = safe.json
    safe.json = SimpleNamespace(  # type: ignore[assignment]
        loads=json.loads, dumps=lambda value, **how: json.dumps(value, **{**how, "allow_nan": True})
    )
    try:
        yield
    finally:
        safe.json = real


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
