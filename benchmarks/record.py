"""Measure a suite with `cnnkit bench` and keep the figures: results/<cpu>/<suite>-<threads>t.json.

python benchmarks/record.py [conv|networks|pointwise|train|predict|start ...] [--against torch] [--threads 1 2]
"""

import argparse
import json
import subprocess
import sys

from kept import keep
from tables import write_tables

SUITES = ("conv", "networks", "pointwise", "train", "predict", "start")


def measure(suite: str, threads: int, against: str | None, seconds: float) -> None:
    """Run the suite in a process of its own and keep what it prints."""
    command = [sys.executable, "-m", "cnnkit", "bench", "--suite", suite, "--threads", str(threads), "--json"]
    command += ["--seconds", str(seconds)]
    if against:
        command += ["--against", against]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    keep(json.loads(done.stdout), f"{suite}-{threads}t")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", choices=[*SUITES, []], default=[])
    parser.add_argument("--against")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--seconds", type=float, default=1.0, help="for each contender of a case")
    options = parser.parse_args()
    for suite in options.suites or SUITES:
        for threads in options.threads:
            measure(suite, threads, options.against, options.seconds)
    write_tables()


if __name__ == "__main__":
    main()
