"""Measure this checkout beside another one, in turn: is it as fast as it was?

git worktree add ../before 8c8ea4b
python benchmarks/beside.py ../before --suite conv --only resnet18 --threads 1 --as winograd-points

Both run `cnnkit bench` in processes of their own, turn and turn about, each round in the other order, so that a machine
that drifts slows both. Every answer is checked before it is timed. Kept are the medians over the rounds, and for each
case before / now of each round: above 1 this checkout is the faster. --exact measures `--precision exact` beside them.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from sides import compared, keep_beside

HERE = Path(__file__).resolve().parents[1]


def measure(checkout: Path, options: argparse.Namespace, *more: str) -> dict[str, object]:
    """One run of `cnnkit bench` in a checkout, as JSON."""
    command = [sys.executable, "-m", "cnnkit", "bench", "--suite", options.suite, "--only", options.only, *more]
    command += ["--threads", str(options.threads), "--seconds", str(options.seconds), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(command, cwd=checkout, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    return dict(json.loads(done.stdout))


def in_turn(options: argparse.Namespace) -> tuple[dict[str, object], dict[str, dict[str, list[float]]]]:
    """(the machine, case -> contender -> milliseconds of each round)."""
    contenders = {"before": (options.before.resolve(), ()), "now": (HERE, ())}
    if options.exact:
        contenders["exact"] = (HERE, ("--precision", "exact"))
    measured: dict[str, dict[str, list[float]]] = {}
    machine: dict[str, object] = {}
    for number in range(options.rounds):
        for name in list(contenders)[:: 1 if number % 2 == 0 else -1]:
            checkout, more = contenders[name]
            found = measure(checkout, options, *more)
            machine = dict(found["machine"]) if name == "now" else machine
            for result in found["results"]:
                measured.setdefault(result["case"], {}).setdefault(name, []).append(result["ms"])
    return machine, measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="another checkout")
    parser.add_argument("--suite", default="conv")
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each case in each round")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--as", dest="name", help="keep the figures under results/CPU/beside/NAME.json")
    options = parser.parse_args()
    machine, measured = in_turn(options)
    cases = compared(measured)
    if options.name:
        keep_beside(options.name, options.before, cases, machine=machine, threads=options.threads)


if __name__ == "__main__":
    main()
