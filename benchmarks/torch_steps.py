"""Time the steps of a recipe beside the same steps in torch, in turn. How long does an epoch take on either side?

python benchmarks/torch_steps.py --recipe resnet20-cifar10 --data ../shared/data/cifar10 --steps 6 --as resnet20-cifar10

Both sides get the same batches, which are made before the clock starts, from the same first weights; their first
losses must agree. torch runs in both memory layouts and with memory settings that keep it from asking the system for
pages at each step. Between two sides is a pause, so that nobody's waiting threads slow another. Kept is
results/<cpu>/steps/<name>.json.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from statistics import median

from kept import keep
from torch_training import Learner, set_up

from cnnkit import kernels
from cnnkit.bench.rivals.known import FAIR_ENVIRONMENT
from cnnkit.cli.show.machine import machine_facts
from cnnkit.data.load.batch import Batch
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.records.recipes import merged
from cnnkit.engine.session.assemble import Pieces, begin
from cnnkit.engine.training.outcomes import Outcomes
from cnnkit.engine.training.step import train_step
from cnnkit.errors import NumericError

PAUSE = 0.02
RATE = 1e-3  # so small that no side leaves the other far behind

Step = Callable[[Batch], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--recipe")
    given.add_argument("--config", help="a run's config.toml, in the place of a recipe")
    parser.add_argument("--data", help="where the data lie")
    parser.add_argument("--steps", type=int, default=6, help="timed, behind one that is not")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--as", dest="name", help="keep the figures under results/CPU/steps/NAME.json")
    asked = parser.parse_args()
    if any(os.environ.get(name) != value for name, value in FAIR_ENVIRONMENT.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | FAIR_ENVIRONMENT)
    options = FitOptions.from_values(merged(asked.recipe, {})) if asked.recipe else FitOptions.read(asked.config)
    found = timed(options.replace(data=asked.data or options.data).validate(), asked.steps, asked.threads)
    print(found)
    if asked.name:
        keep(found | {"machine": machine_facts()}, f"steps/{asked.name}")


def timed(options: FitOptions, steps: int, threads: int) -> dict[str, object]:
    """Medians of seconds a step, and what an epoch of such steps takes."""
    set_up(threads, options.seed)
    sides = {"cnnkit": ours(begin(options, None, None))}
    for layout, last in (("torch, channels last", True), ("torch, channels first", False)):
        learner = Learner(begin(options, None, None), channels_last=last)
        sides[layout] = lambda batch, learner=learner: learner.step(batch, RATE)
    loader = begin(options, None, None).loader
    loader.prefetch = 0  # nothing is made while a clock runs
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    with kernels.use(threads=threads):
        for number, batch in enumerate(loader.epoch(0)):
            if number > steps:
                break
            for name, step in sides.items():
                time.sleep(PAUSE)
                since = time.perf_counter()
                step(batch)
                if number:
                    seconds[name].append(time.perf_counter() - since)
    each = {name: median(all_of_it) for name, all_of_it in seconds.items()}
    return {
        "model": options.model,
        "batch_size": options.batch_size,
        "threads": threads,
        "steps": steps,
        "seconds_per_step": {name: round(value, 4) for name, value in each.items()},
        "seconds_per_epoch": {name: round(value * len(loader), 1) for name, value in each.items()},
        "ratio": round(min(value for name, value in each.items() if name != "cnnkit") / each["cnnkit"], 2),
    }


def ours(pieces: Pieces) -> Step:
    training, outcomes = pieces.training, Outcomes(NumericError)

    def step(batch: Batch) -> None:
        training.module.train()
        train_step(training, pieces.task, batch, RATE, outcomes)
        for _ in outcomes.rest():
            pass

    return step


if __name__ == "__main__":
    main()
