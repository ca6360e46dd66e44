"""Compiled kernels on disk: which folder, whom to trust, what to throw away.

The folder's name holds a hash of the sources, the vector width, the CPU and the versions, so nothing stale is
ever loaded: Numba's own stamp sees only the file of the kernel itself. Its files are machine code, so it must be the
user's own and writable by nobody else. Any other folder, and one that cannot be written, is replaced by a private
temporary folder that goes with the process; `cache_note()` says so. A file that is damaged or not the user's own
(cache_file.py) is compiled and written anew; `refused_note()` says so.
"""

import atexit
import contextlib
import hashlib
import importlib.util
import os
import platform
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from cnnkit.config import address_space_left, cache_root
from cnnkit.kernels.cpu.machine import cache_file
from cnnkit.kernels.cpu.machine.code import loader, settings
from cnnkit.kernels.cpu.machine.code.kinds import Signature, told
from cnnkit.kernels.cpu.machine.code.loader import Code
from cnnkit.kernels.cpu.machine.lanes import FEATURES, LANES
from cnnkit.kernels.shared.inner import Inner

# Bytes of address space that are asked for before LLVM is: where it gets none, it ends the process.
ROOM_TO_LOAD, ROOM_TO_COMPILE = 1 << 25, 1 << 27
# What machine code is made from: the definitions, and the kernels of other machines, have no part in it.
SOURCES, COMPILED = Path(__file__).resolve().parents[2], ("cpu", "shared")
KEPT = 4  # folders of other hashes that stay: two installations side by side must not throw away each other's

_folder: Path | None = None
_note = ""
_refused: dict[str, str] = {}


def cache_folder() -> Path:
    """The folder of this process, made when first asked for."""
    global _folder, _note
    if _folder is None:
        root = cache_root()
        try:
            _folder = _own_folder(root, f"kernels-{sources_hash()}")
        except (OSError, RuntimeError) as error:
            _folder = _temporary_folder()
            _note = (
                f"Compiled kernels are not kept: {_reason(root, error)}. They are in a temporary folder until this "
                "process ends. Set CNNKIT_CACHE to a folder of your own to keep them."
            )
    return _folder


def cache_note() -> str:
    """A sentence for the user where the usual folder could not be used, else ""."""
    cache_folder()
    return _note


def refused_note() -> str:
    """A sentence for the user on files that were not used since the last call, else ""."""
    if not _refused:
        return ""
    (name, why), others = next(iter(_refused.items())), len(_refused) - 1
    _refused.clear()
    also = f"It and {others} other files were" if others else "It was"
    return (
        f"The compiled kernel {cache_folder() / name} {why}. {also} not used but compiled again; results are not "
        "affected. If this happens again, check the disk and who can write to that folder."
    )


def sources_hash() -> str:
    """16 hex digits that change with everything the machine code depends on."""
    digest = hashlib.sha256()
    for path in [path for folder in COMPILED for path in sorted((SOURCES / folder).rglob("*.py"))]:
        digest.update(str(path.relative_to(SOURCES)).encode() + b"\0" + path.read_bytes() + b"\0")
    versions = (_numba_version(), llvmlite.__version__, np.__version__, platform.python_version())
    cpu = (settings.CPU_NAME or llvm.get_host_cpu_name(), sorted(FEATURES), LANES, llvm.get_process_triple())
    digest.update(repr((versions, cpu, settings.of_code())).encode())
    return digest.hexdigest()[:16]


def _numba_version() -> bytes:
    """What the installed Numba says of its version, without importing it."""
    found = importlib.util.find_spec("numba")
    assert found is not None and found.origin is not None
    return Path(found.origin).with_name("_version.py").read_bytes()


def _own_folder(root: Path, name: str) -> Path:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    _trust(root)
    folder = root / name
    try:
        folder.mkdir(mode=0o700)
        _prune(root, folder)
    except FileExistsError:
        if folder.is_symlink():
            raise RuntimeError(f"{folder} is a link") from None
        os.utime(folder)
    _trust(folder)
    with tempfile.TemporaryFile(dir=folder):
        pass
    return folder


def _trust(folder: Path) -> None:
    """Refuse a folder in which somebody else could put machine code."""
    if not hasattr(os, "getuid"):
        return
    found = folder.stat()
    if found.st_uid != os.getuid():
        raise RuntimeError(f"{folder} belongs to another user")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise RuntimeError(f"{folder} can be written by others")


def _reason(root: Path, error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{root} cannot be written ({error.strerror})"
    return str(error)


def _prune(root: Path, current: Path) -> None:
    """Remove the folders of older hashes but the most recently used few."""
    others = [path for path in root.glob("kernels-*") if path != current and path.is_dir() and not path.is_symlink()]
    for path in sorted(others, key=_last_used, reverse=True)[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _temporary_folder() -> Path:
    folder, owner = Path(tempfile.mkdtemp(prefix="cnnkit-kernels-")), os.getpid()

    def remove() -> None:
        if os.getpid() == owner:  # a forked child leaves it to its parent
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder


class KernelCache:
    """The machine code of one entry kernel on disk.

    Numba's own cache never hits for a kernel that closes over another jitted function: its key pickles the closure, and
    a jitted function is pickled with a random id. Here such a function is named by its place in the source.
    """

    def __init__(self, function: Any) -> None:
        self.compiled = self.loaded = 0
        self.seconds = 0.0
        self._function = function

    def address(self, signature: Signature) -> int:
        """Where the machine code for that signature lies in this process: from the disk, else compiled and kept."""
        started = time.perf_counter()
        path, label = self._place(signature)
        found = self._loaded(path, label)
        if found is None:
            found = self._compiled(path, label, signature)
        self.seconds += time.perf_counter() - started
        return found

    def holds(self, signature: Signature) -> bool:
        """Whether there is a file for it; not whether it can be used."""
        return self._place(signature)[0].exists()

    def _loaded(self, path: Path, label: str) -> int | None:
        """None if there is none or it cannot be used."""
        try:
            payload = cache_file.read(path, label)
            _check_room(ROOM_TO_COMPILE if payload is None else ROOM_TO_LOAD)
            if payload is None:
                return None
            found = loader.load(Code.from_bytes(payload, path.stem))
        except MemoryError:
            raise
        except Exception as error:  # whatever it is: the kernel is compiled and written anew
            _refused[path.name] = str(error) if isinstance(error, cache_file.Refused) else "cannot be loaded"
            _check_room(ROOM_TO_COMPILE)
            return None
        self.loaded += 1
        return found

    def _compiled(self, path: Path, label: str, signature: Signature) -> int:
        """A full disk is no reason to stop."""
        from cnnkit.kernels.cpu.machine.code.compiler import compiled

        code = compiled(self._function, signature, path.stem)
        self.compiled += 1
        with contextlib.suppress(OSError):
            cache_file.write(path, label, code.to_bytes())
        return loader.load(code)

    def _place(self, signature: Signature) -> tuple[Path, str]:
        """The file of one specialisation, and the label that tells it from all others."""
        name = f"{self._function.__module__}.{self._function.__qualname__}".replace("<locals>", "_")
        line = self._function.__code__.co_firstlineno
        label = repr((name, line, told(signature), _closure(self._function)))
        digits = hashlib.sha256(label.encode()).hexdigest()[:16]
        return cache_folder() / f"{name}-{line}-{digits}.kernel", label


def _check_room(least: int) -> None:
    left = address_space_left()
    if left is not None and left < least:
        raise MemoryError(f"a kernel needs {least >> 20} MB of address space, and {left >> 20} MB are left")


def distinguished(function: Any) -> Any:
    """The function under a name that also tells what it closes over, the same in every process.

    Numba tells the products of a factory apart by a number counted in each process. Machine code from two processes may
    then bear one name for two functions, and the linker takes the first for both: one tile shape ran for another.
    """
    if not settings.DISABLE_JIT and (closure := _closure(function)):
        function.__qualname__ += f"_{hashlib.sha256(repr(closure).encode()).hexdigest()[:12]}"
    return function


def _closure(function: Any) -> tuple[Any, ...]:
    return tuple(_place(cell.cell_contents) for cell in function.__closure__ or ())


def _place(value: Any) -> Any:
    """What a closure holds: a number itself, a jitted function by module, name, line and its own closure."""
    if isinstance(value, Inner):
        function = value.function
        return function.__module__, function.__qualname__, function.__code__.co_firstlineno, _closure(function)
    if isinstance(value, int | float | bool | str):
        return value
    raise TypeError(f"a kernel may close over numbers and jitted functions, not {type(value)}")
