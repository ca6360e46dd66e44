"""Measure training steps of networks that drop elements, in this checkout beside another one, in turn.

git worktree add ../before 2f51070
python benchmarks/dropping.py ../before --as dropping-2t

`cnnkit bench` lets dropout rest, as no two libraries draw the same numbers; here it is at work. Each side has processes
of its own, turn and turn about, each round in the other order. Kept are the medians over the rounds, and for each case
before / now of each round: above 1 this checkout is the faster. Both must have the same loss, to the last bit.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sides import Measured, compared, keep_beside

from cnnkit import kernels, models, ops
from cnnkit.autograd import Tensor
from cnnkit.cli.show.machine import machine_facts
from cnnkit.graph import Learning
from cnnkit.optim import SGD

HERE = Path(__file__).resolve().parents[1]
# (network, images, side of an image)
CASES = (("digitnet", 32, 28), ("digitnet", 64, 28), ("squeezenet1_1", 8, 224), ("mobilenet_v2", 8, 224))
WARM = 8  # steps before the clock: the fourth looks for what is launched from a list
MADE = 5  # steps after the clock began whose loss is compared


def measure(name: str, images: int, side: int, threads: int, seconds: float) -> dict[str, float]:
    """The median step of a network as a training takes it, in the checkout that Python finds."""
    rng, spec = np.random.default_rng(0), models.spec(name)
    network = models.create(name, classes=10, in_channels=spec.input[2], image_size=(side, side), rng=rng).train()
    x, labels = rng.standard_normal((images, side, side, spec.input[2]), np.float32), rng.integers(0, 10, images)
    optimiser, learning = SGD(network.parameters(), lr=1e-3, momentum=0.9), Learning(network)
    taken, loss = list[float](), 0.0
    with kernels.use(threads=threads):
        while len(taken) <= WARM + MADE or sum(taken[WARM:]) < seconds:
            begun = time.perf_counter()
            with learning.again():
                now = ops.cross_entropy(network(Tensor(x)), labels)
                optimiser.zero_grad()
                now.backward()
            optimiser.step()
            taken.append(time.perf_counter() - begun)
            loss = now.item() if len(taken) == WARM + MADE else loss
    return {"ms": 1e3 * statistics.median(taken[WARM:]), "loss": loss}


def in_turn(before: Path, threads: int, seconds: float, rounds: int, only: str) -> Measured:
    """For each case, of "before" and "now", the milliseconds of each round."""
    measured: Measured = {}
    for number in range(rounds):
        for case in (case for case in CASES if only in case[0]):
            losses = set()
            sides = [("before", before.resolve()), ("now", HERE)]
            for side, checkout in sides[:: 1 if number % 2 == 0 else -1]:
                command = [sys.executable, __file__, "--case", json.dumps([*case, threads, seconds])]
                environment = {**os.environ, "PYTHONPATH": str(checkout)}
                done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
                found = json.loads(done.stdout)
                losses.add(found["loss"])
                title = f"{case[0]}, {case[1]} x {case[2]}x{case[2]}"
                measured.setdefault(title, {}).setdefault(side, []).append(found["ms"])
            if len(losses) > 1:
                raise SystemExit(f"{case[0]}: the losses of the two differ, {losses}.")
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, nargs="?", help="another checkout")
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0, help="for each side of a case in each round")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--as", dest="name", help="keep the figures under results/CPU/beside/NAME.json")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(*json.loads(options.case))))
        return
    measured = in_turn(options.before, options.threads, options.seconds, options.rounds, options.only)
    cases = compared(measured)
    if options.name:
        keep_beside(options.name, options.before, cases, machine=machine_facts(), threads=options.threads)


if __name__ == "__main__":
    main()
