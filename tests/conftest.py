"""Fixtures for the whole suite. The thread pool is wider than the machine, so that thread counts can be compared."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("NUMBA_NUM_THREADS", "4")
# A page at the end of each training would cost the suite minutes; tests of pages ask for it.
os.environ.setdefault("CNNKIT_REPORT", "false")
# For `elsewhere`, a pretended device.
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np
import pytest

from cnnkit import config


@pytest.fixture(scope="session", autouse=True)
def plain_computing() -> Iterator[None]:
    """What somebody has set for computing of their own is not meant for the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CNNKIT_BACKEND", "CNNKIT_PRECISION", "CNNKIT_THREADS"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def environment_read_anew() -> Iterator[None]:
    """What a test has set there is forgotten after it; one that sets it calls `cache_clear` itself."""
    yield
    config.default_backend.cache_clear()
    config.default_precision.cache_clear()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and published weights beside the checkout; absent on a user's machine."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("no shared/ folder beside the checkout: real data is not at hand")
    return folder


@pytest.fixture(scope="session")
def cifar10_folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CIFAR-10 in its published binary files, written once (184 MB); for slow tests."""
    folder = tmp_path_factory.mktemp("data") / "cifar10"
    subprocess.run([sys.executable, str(shared / "data" / "cifar10" / "to_binary.py"), str(folder)], check=True)
    return folder
