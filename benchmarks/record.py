"""Measure a suite with `cnnkit bench` and keep the figures: results/<cpu>/<suite>-<threads>t.json.

python benchmarks/record.py [conv|networks|pointwise|train|predict|start ...] [--against torch] [--threads 1 2]
python benchmarks/record.py --tables          # write the tables of README.md anew from the kept figures
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

import accuracy
import loader

HERE = Path(__file__).parent
RESULTS = HERE / "results"
SUITES = ("conv", "networks", "pointwise", "train", "predict", "start")
BEGIN, END = "<!-- tables: written by record.py -->\n", "<!-- end of tables -->\n"


def measure(suite: str, threads: int, against: str | None, seconds: float) -> None:
    """Run the suite in a process of its own and keep what it prints."""
    command = [sys.executable, "-m", "cnnkit", "bench", "--suite", suite, "--threads", str(threads), "--json"]
    command += ["--seconds", str(seconds)]
    if against and suite != "start":
        command += ["--against", against]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    keep(json.loads(done.stdout), f"{suite}-{threads}t")


def keep(kept: dict[str, object], name: str) -> None:
    """Write figures with the commit they were taken at into the folder of this machine."""
    kept = {"commit": present_commit()} | kept
    folder = RESULTS / re.sub(r"[^a-z0-9]+", "-", cpu_of(kept["machine"]).lower()).strip("-")
    file = folder / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(kept, indent=1) + "\n")


def present_commit() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=HERE, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def cpu_of(machine: dict[str, object]) -> str:
    """The CPU's name; a virtual machine may hide the model, so its widest vectors tell it apart."""
    return f"{machine['cpu']} {machine['lanes']} lanes"


def write_tables() -> None:
    """Put the tables of all kept figures into README.md."""
    readme = HERE / "README.md"
    head, rest = readme.read_text().split(BEGIN)
    readme.write_text(head + BEGIN + tables() + END + rest.split(END)[1])


def tables() -> str:
    """All kept figures as Markdown, a section for each CPU."""
    parts = []
    for folder in sorted(path for path in RESULTS.iterdir() if path.is_dir()):
        files = [json.loads(path.read_text()) | {"suite": path.stem} for path in sorted(folder.glob("*.json"))]
        runs = [json.loads(path.read_text()) for path in sorted(folder.glob("accuracy/*.json"))]
        if files or runs:
            parts.append(f"### {cpu_of((files + runs)[0]['machine'])}\n")
            parts += [table(kept) for kept in files if "results" in kept]
            parts += [accuracy.table(runs)] if runs else []
            parts += [loader.table(kept, kept["suite"].rpartition("-")[2][:-1]) for kept in files if "alone" in kept]
    return "\n".join(parts)


def table(kept: dict[str, object]) -> str:
    """One suite: a row a case, a column a rival."""
    results = kept["results"]
    rivals = sorted({name for result in results for name in result["against"]})
    suite, _, threads = str(kept["suite"]).rpartition("-")
    versions = kept["machine"]["versions"]
    lines = [
        f"**{suite}**, {threads[:-1]} thread(s), numba {versions['numba']}, numpy {versions['numpy']}, commit "
        f"{kept['commit']}\n",
        "| case | ms | best | worst | GFLOP/s | of peak |" + "".join(f" {name} / ours |" for name in rivals),
        "|---|---|---|---|---|---|" + "---|" * len(rivals),
    ]
    for r in results:
        cells = [r["case"], f"{r['ms']:.3g}", f"{r['best_ms']:.3g}", f"{r['worst_ms']:.3g}"]
        cells += ["", ""] if r["gflops"] is None else [f"{r['gflops']:.0f}", f"{100 * r['peak_fraction']:.0f} %"]
        cells += [f"{r['against'][name]:.2f}" if name in r["against"] else "" for name in rivals]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], default=[])
    parser.add_argument("--against")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=1.0, help="for each contender of a case")
    parser.add_argument("--tables", action="store_true")
    options = parser.parse_args()
    if not options.tables:
        for suite in options.suites or SUITES:
            for threads in options.threads:
                measure(suite, threads, options.against, options.seconds)
    write_tables()


if __name__ == "__main__":
    main()
