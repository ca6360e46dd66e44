"""The kernels themselves, in Numba's simulator: Numba is told when it is imported, so in another process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent / "simulated"


def simulated(*arguments):
    """The tests of that folder; what they print is shown where one fails."""
    environment = {**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *arguments, str(FOLDER)]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=FOLDER.parents[3])
    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    return int(re.search(r"(\d+) passed", ended.stdout)[1])


def test_a_few_kernels_agree_with_their_definitions():
    assert simulated("-m", "quick") > 5


@pytest.mark.slow
def test_every_kernel_agrees_with_its_definition():
    assert simulated("-m", "") > 100
