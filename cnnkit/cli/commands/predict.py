"""`cnnkit predict`: what a network sees in pictures."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from csv import DictWriter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnkit.cli.arguments.common import option, was_given
from cnnkit.cli.arguments.completion import run_names
from cnnkit.cli.arguments.values import Share, Whole
from cnnkit.cli.command import command
from cnnkit.cli.endings import Terminated
from cnnkit.cli.show import answers
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.results import Prediction, PredictionError
from cnnkit.errors import DataError, UsageError

if TYPE_CHECKING:
    from cnnkit.cli.show.progress import Progress
    from cnnkit.engine.use.predictor import Predictor
    from cnnkit.engine.use.written import Written
    from cnnkit.tasks import Task


@command("predict", example="cnnkit predict image.png folder/ --model runs/mine --top 3", computes=True)
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@option(
    "-m",
    "--model",
    metavar="RUN|FILE",
    shell_complete=run_names,
    help="A run folder, a weight file, or yolo_fastest, a detector in the package; by default the newest run, or the "
    "digits network in the package. With --weights, the network that these are for.",
)
@option(
    "--weights",
    metavar="FILE",
    help="Weights from elsewhere for the network of --model, such as net.weights of net.cfg; alone, as --model.",
)
@option("--classes", metavar="FILE", help="The names of the classes of such weights, one a line.")
@option(
    "--top",
    also="--topk",
    type=Whole(1, example="--top 5"),
    default=5,
    help="Number of classes, or of boxes, to show for each picture, the best first.",
)
@option(
    "--score",
    type=Share(example="--score 0.5"),
    help="Find things with at least this score (0 to 1) only; 0.25 unless it is given.",
)
@option("--csv", type=click.Path(), metavar="FILE", help="Also write a table of the answers to FILE.")
@option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for masks, overlays and drawings; by default the current one. It is made if it is missing.",
)
@option(
    "--crf",
    is_flag=True,
    help="Let masks follow the edges of the picture, by DeepLab's fully connected CRF; slower.",
)
@option("--exist-ok", is_flag=True, help="Overwrite files that exist.")
@click.pass_context
def predict(
    ctx: click.Context,
    screen: Screen,
    paths: tuple[str, ...],
    model: str | None,
    weights: str | None,
    classes: str | None,
    top: int,
    score: float | None,
    csv: str | None,
    output: Path | None,
    crf: bool,
    exist_ok: bool,
) -> None:
    """Say what is in pictures, by classes, masks or boxes.

    A folder stands for all pictures in it.

    For each picture, a network for segmentation writes NAME-mask.png (class numbers) and NAME-overlay.jpg, and one for
    detection NAME-boxes.jpg.

    A picture that cannot be read is named, the others are answered, and the exit code is 3.
    """
    from cnnkit import kernels
    from cnnkit.data.layout.pictures_below import not_read
    from cnnkit.data.open.stored_range import other_scale
    from cnnkit.engine.use.load import leave_to_file
    from cnnkit.kernels.host import nothing_waits

    files, refused, others = expand([Path(path) for path in paths])
    if others:
        screen.note(not_read(others))
    if csv is not None and any(os.path.realpath(csv) == os.path.realpath(file) for file in files):
        raise UsageError(f"--csv {csv} is one of the pictures. Choose another file for the answers.")
    failed = 0
    rows: list[tuple[str, ...]] = []
    doubted = False
    with _csv_rows(screen, csv, exist_ok) as keep, screen.progress(" pictures") as progress, ExitStack() as computing:
        predictor = loaded(model, weights, classes)
        leave_to_file(predictor)
        predictor = predictor.with_crf() if crf else predictor
        predictor = predictor if score is None else predictor.from_score(score)
        task, shown = predictor.task, answers.of(predictor.task.name)
        files, writing = _to_write(screen, task, files, paths, output, exist_ok)
        keep.begin(["path", *shown.columns(predictor.classes), "error"])
        computing.enter_context(kernels.use(precision=None if was_given(ctx, "precision") else predictor.precision))
        if len(files) == 1:
            computing.enter_context(nothing_waits())  # of one map's memory little is of use to the next
        for note in predictor.notes:
            screen.note(note)
        screen.note(f"network: {predictor.name}, from {predictor.source}")
        if (doubt := other_scale(files, predictor.preprocessing.white)) is not None:
            screen.note(doubt)
        moving = len(files) > 1 and not (screen.as_json and sys.stdout.isatty())
        pieces = _pieces(progress, silent=screen.as_json and sys.stdout.isatty())
        for done, answer in enumerate(chain(refused, predictor.predict_many(files, top=top, tell=pieces)), 1):
            if writing is not None and isinstance(answer, Prediction):
                answer = writing.write(done - 1 - len(refused), task, answer, predictor.preprocessing.white)
                if not doubted and (doubt := shown.doubt(predictor, answer)):
                    progress.clear()
                    screen.note(doubt)
                    doubted = True
            keep.add([answer.to_json()] if isinstance(answer, PredictionError) else shown.rows(answer))
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
                # Not the answer itself: those with masks would fill the memory.
                rows.append(shown.cells(answer, top))
    if rows and not screen.as_json:
        shown.predicted(screen, rows)
        if writing is not None:
            kinds = " and ".join(f"{name}s" for name in task.written)
            screen.note(f"\nTheir {kinds} are in {writing.folder.absolute()}.")
    if failed:
        ctx.exit(DataError.exit_code)


def loaded(model: str | None, weights: str | None, classes: str | None) -> Predictor:
    """The network of --model and --weights; one of them alone is a run or a file."""
    from cnnkit.engine.use.load import load

    if model is None:
        model, weights = weights, None
    return load(model) if weights is classes is None else load(model, weights=weights, classes=classes)


def _pieces(progress: Progress, *, silent: bool) -> Callable[[int, int], None]:
    """What shows how far a large picture is."""
    return lambda done, total: None if silent else progress.update("a large picture", done, total, unit=" pieces")


def _to_write(
    screen: Screen, task: Task[Any], files: list[Path], paths: tuple[str, ...], output: Path | None, exist_ok: bool
) -> tuple[list[Path], Written | None]:
    """(the pictures, the files that will show their answers), refused before anything is computed."""
    from cnnkit.engine.use.written import without_answers, written

    if not task.written:
        if output is not None:
            raise UsageError(
                f"The task {task.name} writes no masks, overlays or drawings. Leave --output out; its answers go to "
                "--csv FILE."
            )
        return files, None
    folder = Path() if output is None else output
    listed = [file for file in files if str(file) not in paths]
    files, former = without_answers(files, listed, task.written, folder)
    if former:
        screen.note(f"Left out as answers of before: {len(former):,} of the files, such as {former[0]}.")
    places = written(files, task.written, folder)
    places.check(files, exist_ok=exist_ok)
    return files, places


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

    def add(self, rows: Sequence[Mapping[str, object]]) -> None:
        if self._writer is not None:
            self._writer.writerows(rows)


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
