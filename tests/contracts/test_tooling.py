"""The tools that judge the code run as tests, so that `pytest` is the one command."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def assert_silent(*command: str) -> None:
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing():
    assert_silent("-m", "ruff", "check", "--quiet", "--output-format", "concise", ".")


def test_imports_point_downwards():
    assert_silent("-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))")


def test_mypy_finds_nothing():
    assert_silent("-m", "mypy", "--no-error-summary")
