"""The tiny training of tests/engine, for pages about it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "engine" / "tiny.py"
    spec = importlib.util.spec_from_file_location("pages_tiny", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def smooth(tiny, tmp_path_factory) -> Path:
    """The run folder of a training without a page."""
    folder = tmp_path_factory.mktemp("smooth") / "run"
    list(tiny.fit(folder))
    return folder


@pytest.fixture
def same_weights(smooth):
    """Check that a run folder has the very weights of the smooth one."""

    def check(folder: Path) -> None:
        for name in ("best", "last"):
            ours, theirs = (run / "weights" / f"{name}.safetensors" for run in (folder, smooth))
            assert ours.read_bytes() == theirs.read_bytes(), f"{name} differs"

    return check
