"""The scripts in benchmarks/ are read by the tools that read the package, so a name that moves is missed at once."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_benchmark_can_be_started():
    names = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
    assert {"accuracy", "fuzz", "loader", "record"} <= set(names)
    script = f"import sys; sys.path.insert(0, 'benchmarks'); import {', '.join(names)}"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
