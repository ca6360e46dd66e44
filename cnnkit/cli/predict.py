"""`cnnkit predict`: what a network sees in pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from csv import DictWriter
from itertools import chain
from pathlib import Path

import click

from cnnkit.cli.command import command
from cnnkit.cli.completion import run_names
from cnnkit.cli.options import option
from cnnkit.cli.screen import Screen
from cnnkit.cli.values import Whole
from cnnkit.engine.results import Prediction, PredictionError
from cnnkit.errors import DataError

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".pbm", ".pnm", ".gif", ".webp"))


@command("predict", example="cnnkit predict image.png folder/ --model runs/mine --top 3", computes=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@option(
    "-m",
    "--model",
    also="--weights",
    metavar="RUN|FILE",
    shell_complete=run_names,
    help="A run folder or a weight file; by default the newest run, or the digits network in the package.",
)
@option(
    "--top",
    also="--topk",
    type=Whole(1, example="--top 5"),
    default=5,
    help="Number of classes to show for each picture, the best first.",
)
@option("--csv", type=click.Path(), metavar="FILE", help="Also write path, label, index and score to FILE.")
@click.pass_context
def predict(
    ctx: click.Context, screen: Screen, paths: tuple[str, ...], model: str | None, top: int, csv: str | None
) -> None:
    """Say what is in pictures.

    A folder stands for all pictures in it.

    A picture that cannot be read is named, the others are answered, and the exit code is 3.
    """
    from cnnkit.engine.load import load

    files, refused = expand([Path(path) for path in paths])
    failed = 0
    answers: list[Prediction] = []
    moving = len(files) > 1 and not (screen.as_json and sys.stdout.isatty())
    with _csv_rows(csv) as keep, screen.progress(" pictures") as progress:
        predictor = load(model)
        screen.note(f"network: {predictor.name}, from {predictor.source}")
        for done, answer in enumerate(chain(refused, predictor.predict_many(files, top=top)), 1):
            keep(answer)
            if moving:
                progress.update("predicting", done, len(refused) + len(files))
            if screen.as_json:
                screen.json_line(answer.to_json())
            elif isinstance(answer, PredictionError):
                progress.clear()
                where = "" if answer.path in answer.error else f"{answer.path}: "
                screen.complain(f"Error: {where}{answer.error}")
            if isinstance(answer, PredictionError):
                failed += 1
            else:
                answers.append(answer)
    if answers and not screen.as_json:
        screen.table(["path", "label", "score", "then"], [_cells(answer) for answer in answers], optional=["then"])
    if failed:
        ctx.exit(DataError.exit_code)


def expand(paths: list[Path]) -> tuple[list[Path], list[PredictionError]]:
    """The pictures meant: files as they are, a folder's in order of their names; and the folders that give none."""
    files: list[Path] = []
    refused = []
    for path in paths:
        found = sorted(_pictures(path)) if path.is_dir() else [path]
        files += found
        if not found:
            ends = ", ".join(sorted(SUFFIXES))
            refused.append(PredictionError(str(path), f"{path} holds no picture that can be read; expected {ends}."))
    return files, refused


def _pictures(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES:
                yield Path(place, name)


@contextmanager
def _csv_rows(name: str | None) -> Iterator[Callable[[Prediction | PredictionError], object]]:
    """A function that writes one answer; the file is opened before any work, so that a wrong path costs nothing."""
    if name is None:
        yield lambda answer: None
        return
    with open(name, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = DictWriter(file, ["path", "label", "index", "score", "error"], restval="", extrasaction="ignore")
        writer.writeheader()
        yield lambda answer: writer.writerow(answer.to_json())


def _cells(answer: Prediction) -> tuple[str, ...]:
    others = ", ".join(f"{name} {100 * score:.1f} %" for name, score in answer.top[1:] if score >= 0.0005)
    return answer.path or "", answer.label, f"{100 * answer.score:.1f} %", others
