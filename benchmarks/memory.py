"""How much memory does a training step take, beside the same step in torch?

python benchmarks/memory.py --only resnet --threads 2

Each side runs in a process of its own, on the same network, images and labels, with SGD and momentum; torch in both
memory layouts, of which the smaller counts, and with its own malloc settings. Six steps are made. Told is the highest
resident memory of the process, and how far that lies above where it was before the network was made, when all code had
been loaded by a step with two images: what weights, gradients, momentum, activations and scratch space take together.
Kept is results/<cpu>/memory-<threads>t.json, and the table in README.md.
"""

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import geometric_mean

from kept import keep
from tables import write_tables

from cnnkit import kernels
from cnnkit.autograd import Tensor
from cnnkit.bench.network_cases import boxes, scores
from cnnkit.bench.network_cases.learning import LR, MOMENTUM
from cnnkit.bench.rivals.known import FAIR_ENVIRONMENT, nchw
from cnnkit.bench.twins.torch_boxes import boxes_loss_of
from cnnkit.bench.twins.torch_twin import Learned, TorchTwin, cross_entropy_of, loss_of
from cnnkit.cli.show.machine import machine_facts
from cnnkit.graph import Learning
from cnnkit.kernels.cpu.machine import buffers
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.optim import SGD

Step = Callable[[], object]
STEPS, FEW = 6, 2
OURS, SIDES = "cnnkit", ("cnnkit", "torch", "torch-channels-last")
# (network, images, side of an image)
CASES = (
    *(row for row in scores.TRAIN if row[0] not in {name for name, *_ in scores.MASKS}),
    ("unet", 4, 128),
    ("yolo_nano", 8, 320),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="keep the figures, and write the tables")
    parser.add_argument("--one", nargs=4, metavar=("SIDE", "NETWORK", "IMAGES", "SIZE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        side, name, N, size = asked.one
        print(json.dumps(measured(side, name, int(N), int(size), asked.threads)))
        return
    rows = []
    for name, N, size in CASES:
        if asked.only in name:
            rows.append(compared(name, N, size, asked.threads))
            print(rows[-1], flush=True)
    for what in ("step", "whole"):
        print(f"{what}: ours / torch, geometric mean {geometric_mean(row[what] for row in rows):.2f}")
    if asked.keep:
        keep({"machine": machine_facts(), "memory": rows}, f"memory-{asked.threads}t")
        write_tables()


def compared(name: str, N: int, size: int, threads: int) -> dict[str, object]:
    """Megabytes of each side, and ours / torch of the step alone and of the whole process."""
    environment = {key: value for key, value in os.environ.items() if key not in FAIR_ENVIRONMENT}
    found = {}
    for side in SIDES:
        command = [sys.executable, str(Path(__file__)), "--threads", str(threads), "--one", side, name]
        done = subprocess.run(
            [*command, str(N), str(size)], stdout=subprocess.PIPE, env=environment, check=True, text=True
        )
        found[side] = json.loads(done.stdout)
    best = {what: min(found[side][what] for side in SIDES[1:]) for what in ("step", "whole")}
    return {
        "case": scores.title_of(name, scores.LEARNS, N, size),
        "mb": found,
        **{what: found[OURS][what] / least for what, least in best.items()},
    }


def measured(side: str, name: str, N: int, size: int, threads: int) -> dict[str, float]:
    """Megabytes of this process at the most ("whole"), and above what it had without network and images ("step")."""
    with kernels.use(threads=threads):
        steps(side, name, FEW, size, threads)()
        let_go()
        before = resident("VmRSS")
        step = steps(side, name, N, size, threads)
        let_go()
        Path("/proc/self/clear_refs").write_text("5")  # the highest begins anew
        for _ in range(STEPS):
            step()
        most = resident("VmHWM")
    return {"whole": most, "step": most - before}


def steps(side: str, name: str, N: int, size: int, threads: int) -> Step:
    """One training step; of the other side's network nothing is left."""
    model, x, loss, theirs = problem(name, N, size)
    if side == OURS:
        optimiser, learning = SGD(model.parameters(), lr=LR, momentum=MOMENTUM), Learning(model)

        def ours() -> float:
            optimiser.zero_grad()
            with learning.again():
                now = loss()
                now.backward()
            optimiser.step()
            return now.item()

        return ours
    import torch

    torch.set_num_threads(threads)
    last = side.endswith("last")
    images = torch.from_numpy(nchw(x))
    images = images.contiguous(memory_format=torch.channels_last) if last else images
    twin, learned = TorchTwin(model, x, channels_last=last), theirs()
    torch_optimiser = torch.optim.SGD(twin.parameters(), lr=LR, momentum=MOMENTUM)

    def step() -> float:
        torch_optimiser.zero_grad()
        now = learned(twin.results(images))
        now.backward()
        torch_optimiser.step()
        return float(now.detach())

    return step


def problem(name: str, N: int, size: int) -> tuple[Module, Host, Callable[[], Tensor], Callable[[], Learned]]:
    """The network, its images, its loss, and what makes that in torch."""
    if name == "yolo_nano":
        network, x, truth = boxes.setting(name, N, size)

        def of_boxes() -> Tensor:
            first, *others = network.losses(Tensor(x), truth).values()
            return sum(others, start=first)

        return boxes.Heads(network), x, of_boxes, lambda: boxes_loss_of(network, x, truth)
    model, x, labels = scores.setting(name, N, size)
    return model, x, lambda: loss_of(model(Tensor(x)), labels), lambda: cross_entropy_of(model, x, labels)


def let_go() -> None:
    """Give all that nobody uses back to the system."""
    gc.collect()
    buffers.pool.clear()
    ctypes.CDLL(None).malloc_trim(0)


def resident(which: str) -> float:
    """VmRSS, what lies in memory now, or VmHWM, the most that did, in MB."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[which].split()[0]) / 1024


if __name__ == "__main__":
    main()
