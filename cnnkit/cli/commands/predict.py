"""`cnnkit predict`: what a network sees in pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from csv import DictWriter
from itertools import chain
from pathlib import Path
from typing import Any

import click

from cnnkit.cli.arguments.common import option, was_given
from cnnkit.cli.arguments.completion import run_names
from cnnkit.cli.arguments.values import Whole
from cnnkit.cli.command import command
from cnnkit.cli.endings import Terminated
from cnnkit.cli.show import answers
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.results import Prediction, PredictionError
from cnnkit.errors import DataError, UsageError


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
@option("--exist-ok", is_flag=True, help="Overwrite FILE if it exists.")
@click.pass_context
def predict(
    ctx: click.Context,
    screen: Screen,
    paths: tuple[str, ...],
    model: str | None,
    top: int,
    csv: str | None,
    exist_ok: bool,
) -> None:
    """Say what is in pictures.

    A folder stands for all pictures in it.

    A picture that cannot be read is named, the others are answered, and the exit code is 3.
    """
    from cnnkit import kernels
    from cnnkit.data.layout.pictures_below import not_read
    from cnnkit.data.open.stored_range import other_scale
    from cnnkit.engine.use.load import load

    files, refused, others = expand([Path(path) for path in paths])
    if others:
        screen.note(not_read(others))
    if csv is not None and any(os.path.realpath(csv) == os.path.realpath(file) for file in files):
        raise UsageError(f"--csv {csv} is one of the pictures. Choose another file for the answers.")
    failed = 0
    given: list[Prediction] = []
    moving = len(files) > 1 and not (screen.as_json and sys.stdout.isatty())
    with _csv_rows(screen, csv, exist_ok) as keep, screen.progress(" pictures") as progress, ExitStack() as computing:
        predictor = load(model)
        shown = answers.of(predictor.task.name)
        keep.begin(["path", *shown.kind.columns, "error"])
        computing.enter_context(kernels.use(precision=None if was_given(ctx, "precision") else predictor.precision))
        for note in predictor.notes:
            screen.note(note)
        screen.note(f"network: {predictor.name}, from {predictor.source}")
        if (doubt := other_scale(files, predictor.preprocessing.white)) is not None:
            screen.note(doubt)
        for done, answer in enumerate(chain(refused, predictor.predict_many(files, top=top)), 1):
            keep.add(answer)
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
                given.append(answer)
    if given and not screen.as_json:
        shown.predicted(screen, given)
    if failed:
        ctx.exit(DataError.exit_code)


def expand(paths: list[Path]) -> tuple[list[Path], list[PredictionError], list[Path]]:
    """(pictures, folders that cannot be answered, files left out): a folder stands for all pictures below it."""
    from cnnkit.data.layout.pictures_below import pictures_below
    from cnnkit.data.layout.suffixes import SUFFIXES

    pictures: list[Path] = []
    refused: list[PredictionError] = []
    others: list[Path] = []
    for path in paths:
        if not path.is_dir():
            pictures.append(path)
            continue
        below = pictures_below(path)
        pictures += below.pictures
        others += below.others
        refused += [PredictionError(str(place), error) for place, error in below.refused]
        if not below.pictures and not below.refused:
            ends = ", ".join(SUFFIXES)
            refused.append(PredictionError(str(path), f"{path} holds no picture that can be read; expected {ends}."))
    return pictures, refused, others


class _Rows:
    """The table of answers in a file; nothing without one."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._writer: DictWriter[str] | None = None

    def begin(self, columns: list[str]) -> None:
        if self._file is not None:
            self._writer = DictWriter(self._file, columns, restval="", extrasaction="ignore")
            self._writer.writeheader()

    def add(self, answer: Prediction | PredictionError) -> None:
        if self._writer is not None:
            self._writer.writerow(answer.to_json())


@contextmanager
def _csv_rows(screen: Screen, name: str | None, exist_ok: bool) -> Iterator[_Rows]:
    """The file is tried before any work, so that a wrong path costs nothing."""
    from cnnkit.serialize.outputs import text_output

    if name is None:
        yield _Rows(None)
        return
    try:
        with text_output(Path(name), exist_ok=exist_ok) as file:
            yield _Rows(file)
    except (KeyboardInterrupt, Terminated):
        screen.complain(f"{name} was not written: not all pictures were answered.")
        raise
