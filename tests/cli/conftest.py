"""`cnnkit(...)` runs a command in this process, `shell(...)` in a process of its own, both in an empty folder."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from cnnkit.cli import main

from .suggestions import unknown_options

# Where kernels are, and that no page follows each training: what the whole suite is told.
KEPT = ("CNNKIT_CACHE", "CNNKIT_REPORT")


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path_factory, monkeypatch):
    """Commands read runs/ and CNNKIT_* of wherever they are: give them nothing."""
    folder = tmp_path_factory.mktemp("here")
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("CNNKIT_") and name not in KEPT]:
        monkeypatch.delenv(name)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def cnnkit(capsys) -> Callable[..., Ended]:
    def call(*arguments: object) -> Ended:
        capsys.readouterr()
        words = [str(argument) for argument in arguments]
        code = main.run(words)
        ended = Ended(code, *capsys.readouterr())
        told = ended.err if "--json" in words else ended.err + ended.out
        assert not unknown_options(words, told), "a text names options that the help does not show"
        return ended

    return call


@pytest.fixture
def shell() -> Callable[..., Ended]:
    def call(*arguments: object, env: dict[str, str] | None = None, code: str | None = None, **rest: Any) -> Ended:
        command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "cnnkit", *map(str, arguments)]
        environment = {**os.environ, **(env or {})}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, **rest)
        return Ended(done.returncode, done.stdout, done.stderr)

    return call
