"""The tiny training, run once without any trouble: what every interrupted one must equal."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _module(name: str) -> ModuleType:
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"engine_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    return _module("tiny")


@pytest.fixture(scope="session")
def smooth(tiny, tmp_path_factory) -> Path:
    """The run folder of a training that nothing disturbed."""
    folder = tmp_path_factory.mktemp("smooth") / "run"
    list(tiny.fit(folder))
    return folder


@pytest.fixture
def same_weights(smooth):
    """Check that a run folder ends with the very files of the smooth one."""

    def check(folder: Path) -> None:
        for name in ("best", "last"):
            ours, theirs = (run / "weights" / f"{name}.safetensors" for run in (folder, smooth))
            assert ours.read_bytes() == theirs.read_bytes(), f"{name} differs"
        steps = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
        assert [e["step"] for e in steps if e["event"] == "StepEnd"] == list(range(1, 13))
        assert len((folder / "results.csv").read_text().splitlines()) == 4

    return check
