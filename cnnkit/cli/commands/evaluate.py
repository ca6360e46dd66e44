"""`cnnkit evaluate`: how well a network does."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from cnnkit.cli.arguments.common import option, was_given
from cnnkit.cli.arguments.completion import data_names, run_names
from cnnkit.cli.arguments.values import Name, Share, Thresholds, Whole
from cnnkit.cli.command import command
from cnnkit.cli.commands.predict import loaded
from cnnkit.cli.show import answers
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.events import EvaluateFinished, EvaluateStep, Event, Note
from cnnkit.engine.records.options import ON_UNREADABLE
from cnnkit.engine.records.results import EvaluateResult
from cnnkit.errors import CheckFailed, UsageError, unknown_name

SPLITS = ("train", "val", "test", "all")


@command("evaluate", example="cnnkit evaluate runs/mine --data photos/ --split test", computes=True)
@click.argument("source", metavar="[RUN|FILE]", required=False, shell_complete=run_names)
@option(
    "-m",
    "--model",
    metavar="RUN|FILE",
    shell_complete=run_names,
    help="The same as RUN|FILE; with --weights, the network that these are for.",
)
@option(
    "--weights",
    metavar="FILE",
    help="Weights from elsewhere for the network of --model, such as net.weights of net.cfg; alone, as --model.",
)
@option("--classes", metavar="FILE", help="The names of the classes of such weights, one a line.")
@option(
    "-d",
    "--data",
    also="--dataset",
    shell_complete=data_names,
    help="Name, folder, .csv or .npz; by default the data that the network was trained on.",
)
@option(
    "--split", type=Name(SPLITS, example="--split test"), default="test", help="Part of the data, or all of other data."
)
@option(
    "-b",
    "--batch-size",
    also="--batch",
    type=Whole(1, 1_000_000, example="--batch-size 256"),
    help="Images at a time; by default as many as their size allows. Pictures that keep their size (masks) are judged "
    "one by one.",
)
@option(
    "--on-unreadable",
    type=Name(ON_UNREADABLE, example="--on-unreadable skip"),
    default="refuse",
    help="What to do with an unreadable picture.",
)
@option(
    "--min",
    type=Thresholds(example="--min top1=0.9"),
    help="Exit with code 4 if a metric is worse than VALUE, such as top1=0.9; several with commas between.",
)
@option(
    "--min-top1",
    type=Share(example="--min-top1 0.9"),
    help="Exit with code 4 if the accuracy (0 to 1) is below this: --min top1=VALUE.",
)
@option(
    "--top-losses",
    type=Whole(1, 1000, example="--top-losses 10"),
    help="Name this many images with the highest loss; wrong labels and bad pictures are often among them.",
)
@option(
    "--sheet",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Draw the images with the highest loss (24, or --top-losses) into a picture file.",
)
@option(
    "--save-json",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write the boxes that are found to FILE, as COCO's tools read results.",
)
@option(
    "--crf",
    is_flag=True,
    help="Let masks follow the edges of the picture, by DeepLab's fully connected CRF; slower.",
)
@option("--exist-ok", is_flag=True, help="Overwrite FILE if it exists.")
@click.pass_context
def evaluate(
    ctx: click.Context,
    screen: Screen,
    source: str | None,
    model: str | None,
    weights: str | None,
    classes: str | None,
    data: str | None,
    split: str,
    batch_size: int | None,
    on_unreadable: str,
    min: tuple[tuple[str, float], ...] | None,
    min_top1: float | None,
    top_losses: int | None,
    sheet: Path | None,
    save_json: Path | None,
    crf: bool,
    exist_ok: bool,
) -> None:
    """Measure how well a run or a weight file does.

    By default that is the newest run, on its test images.
    """
    from cnnkit import kernels
    from cnnkit.data.picture.sheet import check_sheet_path
    from cnnkit.engine.evaluate import evaluate as judge
    from cnnkit.serialize.outputs import check_output

    if sheet is not None:
        check_sheet_path(sheet, exist_ok=exist_ok)
    if save_json is not None:
        check_output(save_json, exist_ok=exist_ok)
    if source is not None and model is not None:
        raise UsageError(f"{source} and --model {model} are both given. Leave one of them out.")
    source = source if model is None else model
    predictor = loaded(source, weights, classes)
    predictor = predictor.with_crf() if crf else predictor
    for note in predictor.notes:
        screen.note(note)
    screen.note(f"network: {predictor.name}, from {predictor.source}")
    shown = answers.of(predictor.task.name)
    wanted = [(name, value, f"--min {name}={value:g}") for name, value in min or ()]
    if min_top1 is not None:
        wanted.append(("top1", min_top1, f"--min-top1 {min_top1:g}"))
    _check_measured(shown, predictor.task.classes, wanted)
    events = judge(
        predictor,
        data,
        split=split,
        batch_size=batch_size,
        on_unreadable=on_unreadable,
        top_losses=top_losses or 0,
        sheet=sheet,
        saved=save_json,
        exist_ok=exist_ok,
    )
    with kernels.use(precision=None if was_given(ctx, "precision") else predictor.precision):
        result = _follow(screen, events)
    if screen.as_json:
        screen.json(result.to_json())
    else:
        shown.evaluated(screen, result)
    if look := shown.next_look(result):
        given = [
            ("--weights", weights),
            ("--classes", classes),
            ("--data", data),
            ("--split", split if split != "test" else None),
        ]
        which = [*([source] if source else []), *(word for pair in given if pair[1] for word in pair if word)]
        again = shlex.join(["cnnkit", "evaluate", *which, *(["--crf"] if crf else []), *look])
        screen.note(f"\nTo see the images with the highest loss:\n  {again}")
    for name, value, written in wanted:
        metric, reached = next(metric for metric in shown.measures if metric.name == name), getattr(result, name)
        if reached is None:
            raise CheckFailed(
                f"{metric.label} cannot be told: there is nothing to measure it on. {written} is not met."
            )
        if not metric.reaches(reached, value):
            raise CheckFailed(shown.missed(metric, result, value, written))


def _check_measured(shown: answers.Shown, classes: list[str], wanted: list[tuple[str, float, str]]) -> None:
    """UsageError, before anything is judged, for a threshold of what is not measured for a network of these classes."""
    known = {metric.name: metric for metric in shown.measures}
    for name, _, written in wanted:
        if name not in known:
            raise unknown_name("metric", name, known)
        if why := shown.unmeasured(known[name], classes):
            raise UsageError(f"{written} asks for the {known[name].label}, {why}. Leave it out.")


def _follow(screen: Screen, events: Iterator[Event]) -> EvaluateResult:
    with screen.progress(" images") as progress:
        for event in events:
            if isinstance(event, EvaluateStep):
                progress.update("evaluating", event.done, event.total)
            elif isinstance(event, Note):
                progress.line(event.text)
            elif isinstance(event, EvaluateFinished):
                return event.result
    raise RuntimeError("the evaluation ended without a result")
