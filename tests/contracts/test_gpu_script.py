"""The one command for a machine with a GPU, tried without one."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.skipif(find_spec("numba_cuda") is None, reason="the extra cuda is not installed")
def test_every_finding_is_on_disk_as_it_is_found(tmp_path):
    done = subprocess.run(
        [ROOT / "benchmarks" / "gpu.sh", "--simulate", "--output", tmp_path],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHON": sys.executable},
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    lines = [json.loads(line) for line in (tmp_path / "gpu.jsonl").read_text().splitlines()]
    assert lines[0]["part"] == "versions" and lines[0]["found"]["numba-cuda"]
    ended = {line["part"]: line["ended"] for line in lines if "ended" in line}
    assert ended == {"agreement": 0, "kernels": 0, "memory": 0, "graphs": 0, "answers": 0}
    # Two layers, three directions, in float32 and in TF32.
    assert [line["found"]["right"] for line in lines if line["part"] == "agreement" and "found" in line] == [True] * 12
    assert any(line.get("found", {}).get("simulated") for line in lines)
