"""How long a user waits before anything happens, and what that takes of memory: whole processes, also torch's."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from cnnkit import models
from cnnkit.bench.network_cases.learning import resting
from cnnkit.bench.result import Result
from cnnkit.bench.rivals.known import FAIR_ENVIRONMENT
from cnnkit.bench.start.processes import Ended, ended, in_turn, mb_of, seconds_of
from cnnkit.bench.twins.in_use import save_for_torch
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.run.checkpoint import save_weights
from cnnkit.engine.use.load import load
from cnnkit.errors import CheckFailed

OTHERS = ("mobilenet_v2", "resnet18")
TORCH = "torch"
PACKAGE = Path(__file__).parents[2]
SCRIPT = PACKAGE / "bench" / "rivals" / "torch_script.py"
NEAR = 1e-3  # between scores of two libraries, which differ by rounding
# Variables that would favour a side, or have it compile its Python at each start.
LEFT_OUT = (*FAIR_ENVIRONMENT, "PYTHONDONTWRITEBYTECODE")
Environment = Mapping[str, str]


def measures(threads: int, against: Sequence[str] = ()) -> Iterator[tuple[str, Callable[[], Result]]]:
    """The title of each case, and what measures it, to be called before the next is asked for.

    `--help`; `predict` of one picture with all kernels on disk, by the network in the package and by larger ones, each
    beside a torch script that does the same; `predict` and `train` with no kernel on disk.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = environment_of(folder)
        title = "cnnkit --help"
        yield title, partial(_repeated, title, threads, command("--help"), folder, environment)
        for network in ("", *OTHERS):
            title = f"cnnkit predict{network and ' by '}{network}, filled kernel cache"
            yield title, partial(_predict, title, threads, network, folder, environment, TORCH in against)
        for line in firsts(folder, threads):
            title = f"cnnkit {line[3]}, empty kernel cache"
            yield title, partial(_first, title, threads, line, folder, environment)


def environment_of(folder: Path) -> dict[str, str]:
    """This very package, in processes that begin elsewhere, and kernels in a folder of their own."""
    kept = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    path = os.pathsep.join([str(PACKAGE.parent), *filter(None, [kept.get("PYTHONPATH")])])
    return {**kept, "CNNKIT_CACHE": str(folder / "kernels"), "PYTHONPATH": path}


def command(*arguments: str) -> list[str]:
    """A command line of cnnkit."""
    return [sys.executable, "-m", "cnnkit", *arguments]


def firsts(folder: Path, threads: int) -> list[list[str]]:
    """The commands that a newcomer begins with; those of version 0.1 already understood them."""
    more = ["--json", "--threads", str(threads)]
    picture = drawn(folder, 28, 1)
    return [command("predict", str(picture), *more), command("train", "--data", "digits", "--steps", "3", *more)]


def first(line: Sequence[str], folder: Path, environment: Environment) -> Ended:
    """One run of a command that finds no kernel on disk, in a folder where no run of the user's own can be chosen."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        return ended(line, Path(name), {**environment, "CNNKIT_CACHE": str(Path(name) / "kernels")})


def python_compiled(package: Path) -> list[str]:
    """What compiles its Python, as an installation does, so that only kernels are compiled later."""
    return [sys.executable, "-m", "compileall", "-q", str(package)]


def drawn(folder: Path, side: int, channels: int) -> Path:
    """A picture of a network's own size: a bright bar, such as a one."""
    path = folder / f"one-{side}-{channels}.png"
    picture = Image.new("L" if channels == 1 else "RGB", (side, side))
    bright: int | tuple[int, ...] = 255 if channels == 1 else (255, 200, 90)
    picture.paste(bright, (side * 12 // 28, side * 4 // 28, side * 16 // 28, side * 24 // 28))
    picture.save(path)
    return path


def _repeated(title: str, threads: int, line: list[str], folder: Path, environment: Environment) -> Result:
    (ours,) = in_turn([line], folder, environment)
    return _result(title, threads, ours)


def _first(title: str, threads: int, line: list[str], folder: Path, environment: Environment) -> Result:
    ended(python_compiled(PACKAGE), folder, environment)
    return _result(title, threads, [first(line, folder, environment)])


def _predict(
    title: str, threads: int, network: str, folder: Path, environment: Environment, beside_torch: bool
) -> Result:
    """`network`: by name, of random weights; without one that in the package."""
    weights = _weights(network, folder) if network else None
    predictor = load(weights)
    H, W, C = predictor.preprocessing.shape
    assert H == W
    picture = drawn(folder, H, C)
    line = command("predict", str(picture), "--json", "--threads", str(threads))
    lines = [line if weights is None else [*line, "--model", str(weights)]]
    if beside_torch:
        graph = folder / "network.pt"
        save_for_torch(predictor.module, predictor.preprocessing, graph)
        lines.append([sys.executable, str(SCRIPT), str(graph), str(picture), str(threads)])
    ours, *others = in_turn(lines, folder, environment)
    theirs = dict(zip([TORCH], others, strict=False))
    for runs in theirs.values():
        _refuse_another_answer(ours[-1], runs[-1])
    return _result(title, threads, ours, theirs)


def _weights(name: str, folder: Path) -> Path:
    """A weight file of a network of random weights."""
    spec, path = models.spec(name), folder / f"{name}.safetensors"
    H, W, C = spec.input
    network = resting(name, H, np.random.default_rng(0))
    preprocessing = Preprocessing(H, W, C, mean=(0.5,) * C, std=(0.25,) * C)
    classes = [str(number) for number in range(spec.classes)]
    record = {"model": name, "classes": classes, "preprocessing": preprocessing.to_record()}
    save_weights(path, network.state_dict(), record)
    return path


def _refuse_another_answer(ours: Ended, theirs: Ended) -> None:
    mine, other = json.loads(ours.out), json.loads(theirs.out)
    if mine["index"] != other["index"] or not abs(mine["score"] - other["score"]) <= NEAR:
        raise CheckFailed(f"torch's answer is {other}, and ours {mine['index']} by {mine['score']}: not the same work.")


def _result(
    title: str, threads: int, ours: Sequence[Ended], theirs: Mapping[str, Sequence[Ended]] | None = None
) -> Result:
    mine, theirs = seconds_of(ours), theirs or {}
    medians = {name: seconds_of(runs).median for name, runs in theirs.items()}
    return Result(
        case=title,
        backend="cpu",
        threads=threads,
        ms=mine.median * 1e3,
        best_ms=mine.best * 1e3,
        worst_ms=mine.worst * 1e3,
        gflops=None,
        peak_fraction=None,
        against={name: median / mine.median for name, median in medians.items()},
        against_ms={name: median * 1e3 for name, median in medians.items()},
        mb=mb_of(ours),
        against_mb={name: mb for name, runs in theirs.items() if (mb := mb_of(runs)) is not None},
    )
