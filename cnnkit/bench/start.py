"""How long a user waits before anything happens: whole processes, timed from outside."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from cnnkit.bench.result import Result
from cnnkit.bench.timer import Timing, in_turn, once
from cnnkit.errors import CheckFailed


def measure(threads: int) -> Iterator[Result]:
    """`--help`, and `predict` of one picture with an empty kernel cache and with a filled one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = Image.new("L", (28, 28))
        picture.paste(255, (12, 4, 16, 24))
        picture.save(folder / "one.png")
        predict = ["predict", str(folder / "one.png"), "--json", "--threads", str(threads)]
        yield _result("cnnkit --help", threads, _repeated(partial(_call, ["--help"], folder)))
        yield _result("cnnkit predict, empty kernel cache", threads, once(partial(_call, predict, folder)))
        yield _result("cnnkit predict, filled kernel cache", threads, _repeated(partial(_call, predict, folder)))


def _call(arguments: Sequence[str], folder: Path) -> None:
    """One process, run in `folder`, where no run of the user's own can be chosen."""
    done = subprocess.run(
        [sys.executable, "-m", "cnnkit", *arguments],
        env={**os.environ, "CNNKIT_CACHE": str(folder / "kernels")},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CheckFailed(f"`cnnkit {' '.join(arguments)}` ended with {done.returncode}: {done.stderr.strip()}")


def _repeated(call: Callable[[], None]) -> Timing:
    return in_turn([call], seconds=0.0, least=5)[0]


def _result(case: str, threads: int, timing: Timing) -> Result:
    return Result(case, "cpu", threads, timing.median * 1e3, timing.best * 1e3, timing.worst * 1e3, None, None)
