"""The scripts in benchmarks/ are read by the tools that read the package, so a name that moves is missed at once."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = {path.stem: path for path in sorted((ROOT / "benchmarks").glob("*.py"))}


def test_every_benchmark_can_be_started():
    assert {"accuracy", "fuzz", "loader", "proposals", "record"} <= set(SCRIPTS)
    script = f"import sys; sys.path.insert(0, 'benchmarks'); import {', '.join(SCRIPTS)}"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_benchmark_imports_itself_through_another():
    def imported(path: Path) -> set[str]:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        return (names | {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}) & set(
            SCRIPTS
        )

    graph = {name: imported(path) for name, path in SCRIPTS.items()}
    assert any(graph.values()), "the search finds imports at all"
    TopologicalSorter(graph).prepare()  # raises CycleError
