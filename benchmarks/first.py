"""How long do a newcomer's first commands take, with no kernel on disk, beside another checkout?

git worktree add ../before 8c8ea4b
python benchmarks/first.py ../before --rounds 3 --as first-commands

`cnnkit predict` of one picture and `cnnkit train` of three steps, whole processes, each round in the other order and in
an empty folder of its own. Kept are the medians in milliseconds, now / before of each round, and the most memory that
each took; below 1 this checkout is the faster.
"""

import argparse
import statistics
import subprocess
import tempfile
from pathlib import Path

from kept import keep

from cnnkit.bench.start.measures import environment_of, first, firsts, python_compiled
from cnnkit.bench.start.processes import Ended, ended
from cnnkit.cli.show.machine import machine_facts

HERE = Path(__file__).resolve().parents[1]


def measured(before: Path, rounds: int, threads: int) -> dict[str, dict[str, list[Ended]]]:
    """Command -> contender -> its rounds."""
    contenders = {"before": before.resolve(), "now": HERE}
    found: dict[str, dict[str, list[Ended]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environments = {who: environment_of(folder) | {"PYTHONPATH": str(path)} for who, path in contenders.items()}
        for who, path in contenders.items():
            ended(python_compiled(path / "cnnkit"), folder, environments[who])
        for line in firsts(folder, threads):
            runs = found[line[3]] = {who: [] for who in contenders}
            for number in range(rounds):
                for who in list(contenders)[:: 1 if number % 2 == 0 else -1]:
                    runs[who].append(first(line, folder, environments[who]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="another checkout")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--as", dest="name", help="keep the figures under results/CPU/beside/NAME.json")
    options = parser.parse_args()
    command = ["git", "-C", str(options.before), "rev-parse", "--short", "HEAD"]
    before = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    cases = []
    for case, runs in measured(options.before, options.rounds, options.threads).items():
        ratios = [now.seconds / was.seconds for was, now in zip(runs["before"], runs["now"], strict=True)]
        ms = {who: 1e3 * statistics.median(run.seconds for run in kept) for who, kept in runs.items()}
        mb = {f"{who}, MB": max(run.mb or 0.0 for run in kept) for who, kept in runs.items()}
        cases.append({"case": f"cnnkit {case}, empty kernel cache", **ms, **mb, "now / before": ratios})
        print(cases[-1], f"median {statistics.median(ratios):.2f}", flush=True)
    if options.name:
        kept = {"machine": machine_facts(), "before": before, "threads": options.threads, "cases": cases}
        keep(kept, f"beside/{options.name}")


if __name__ == "__main__":
    main()
