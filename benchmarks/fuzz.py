"""Hostile files for hours: the cases of tests/fuzz, as many as there is time for, and trainings killed again and again.

python benchmarks/fuzz.py --minutes 60 [--seed 1] [--kinds "run state" csv] [--keep FOLDER]
python benchmarks/fuzz.py --again "run state" 1 4711 --keep FOLDER     # one case: its file, and what comes of it

Every batch of cases runs in a process of its own, whose memory is limited. A batch is drawn from the seed and its
number, so a run can be repeated. Ends with 1 where there was a fault: an error that is no sentence, a file that takes
too long or too much memory, a changed file elsewhere, or a killed training that does not end with the very bits of one
that was left alone.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"
TINY = TESTS / "engine" / "tiny.py"
sys.path.insert(0, str(TESTS / "fuzz"))

# Cases of each kind in one process, and the address space that it may take; threads and compiled kernels need 3 GiB.
CASES, MEMORY = 100, 8 << 30
# One killed training for so many batches.
BATCHES_A_KILL = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="*", default=[], help="names of kinds; all of them by default")
    parser.add_argument("--keep", type=Path, default=Path("faults"), help="folder for the files of faults")
    parser.add_argument("--again", nargs=3, metavar=("KIND", "SEED", "NUMBER"), help="one case")
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.again:
        again(options.again[0], int(options.again[1]), int(options.again[2]), options.keep)
    elif options.batch is not None:
        batch(options.seed, options.batch, options.kinds)
    else:
        sys.exit(run(options.minutes, options.seed, options.kinds, options.keep))


def run(minutes: float, seed: int, kinds: list[str], keep: Path) -> int:
    """Batches and kills until the time is over; returns 1 where there was a fault."""
    end, number = time.monotonic() + 60 * minutes, 0
    counts: Counter[str] = Counter()
    faults: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as place:
        smooth = Path(place) / "smooth"
        subprocess.run([sys.executable, TINY, "one", smooth, "never", "0"], check=True)
        while time.monotonic() < end:
            found = batch_apart(seed, number, kinds, counts)
            if number % BATCHES_A_KILL == 0 and not kinds:
                found += killed(Path(place) / "killed", seed + number, smooth, counts)
            for fault in found:
                print(json.dumps(fault), flush=True)
            faults += found
            number += 1
    for fault in faults:
        if "number" in fault:
            keep_file(fault, keep)
    print(
        f"{counts['answers'] + counts['sentences']:,} files: {counts['answers']:,} answered, {counts['sentences']:,} "
        f"refused in a sentence; {counts['kills']:,} kills of {counts['trainings']:,} trainings; {len(faults):,} faults"
    )
    return 1 if faults else 0


def batch_apart(seed: int, number: int, kinds: list[str], counts: Counter[str]) -> list[dict[str, object]]:
    """One batch in a process of its own."""
    command = [sys.executable, __file__, "--seed", str(seed), "--batch", str(number), "--kinds", *kinds]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, preexec_fn=_limited)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    for record in said:
        counts.update(record.pop("counts", {}))
    found = [record for record in said if "what" in record]
    if done.returncode:
        last = next((record for record in reversed(said) if "begins" in record), {})
        found.append({"what": f"the process ended with {done.returncode}", "batch": number, **last})
    return found


def batch(seed: int, number: int, names: list[str]) -> None:
    """The cases of one batch; a JSON line for each kind as it begins, for each fault, and for what was counted."""
    from doors import KINDS
    from harness import Bench

    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place))
        for kind in KINDS:
            if names and kind.name not in names:
                continue
            print(json.dumps({"begins": kind.name}), flush=True)
            count = CASES // 5 if kind.path.startswith("run/") else CASES
            for case in range(number * count, (number + 1) * count):
                if fault := bench.case(kind, seed, case):
                    print(json.dumps(vars(fault)), flush=True)
        print(json.dumps({"counts": {"answers": bench.answers, "sentences": bench.sentences}}))


def killed(folder: Path, seed: int, smooth: Path, counts: Counter[str]) -> list[dict[str, object]]:
    """A training that is killed at random moments until it is done: its weights are those of one left alone."""
    shutil.rmtree(folder, ignore_errors=True)
    environment = {**os.environ, "CNNKIT_CHECKPOINT_SECONDS": "0"}
    done = subprocess.run(
        [sys.executable, TINY, "random", folder, str(seed)], stdout=subprocess.PIPE, text=True, env=environment
    )
    counts["trainings"] += 1
    if done.returncode:
        return [{"what": f"a killed training ended with {done.returncode}", "kill seed": seed}]
    counts["kills"] += int(done.stdout)
    for name in ("best", "last"):
        ours, theirs = (run / "weights" / f"{name}.safetensors" for run in (folder, smooth))
        if ours.read_bytes() != theirs.read_bytes():
            return [{"what": f"{name} of a killed training differs", "kill seed": seed}]
    return []


def again(name: str, seed: int, number: int, keep: Path) -> None:
    """One case by its name, with the traceback of what it raises."""
    from doors import KINDS
    from harness import Bench

    kind = next(kind for kind in KINDS if kind.name == name)
    with tempfile.TemporaryDirectory() as place:
        bench = Bench(Path(place))
        path = bench.hostile(kind, seed, number)
        _copy(path, keep)
        kind.enter(bench.folder)


def keep_file(fault: dict[str, object], keep: Path) -> None:
    """The hostile file of a fault, made again."""
    from doors import KINDS
    from harness import Bench

    kind = next(kind for kind in KINDS if kind.name == fault["kind"])
    with tempfile.TemporaryDirectory() as place:
        path = Bench(Path(place)).hostile(kind, int(str(fault["seed"])), int(str(fault["number"])))
        _copy(path, keep / f"{kind.name}-{fault['seed']}-{fault['number']}".replace(" ", "-"))


def _copy(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 30:
        shutil.copy(path, folder)


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    main()
