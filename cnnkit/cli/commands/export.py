"""`cnnkit export`: a trained network as an ONNX file."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.completion import run_names
from cnnkit.cli.arguments.values import Whole
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen
from cnnkit.errors import UsageError

TASKS = ("classification", "segmentation")


@command("export", example="cnnkit export runs/mine net.onnx", computes=True)
@click.argument("source", metavar="RUN|FILE", shell_complete=run_names)
@click.argument("out", type=click.Path(path_type=Path))
@option(
    "--batch-size",
    also="--batch",
    type=Whole(1, 4096, example="--batch-size 1"),
    help="Images that go in at once; by default any number.",
)
@option("--exist-ok", also="--force", is_flag=True, help="Replace OUT if it exists.")
def export(screen: Screen, source: str, out: Path, batch_size: int | None, exist_ok: bool) -> None:
    """Write a network as an ONNX file, for other libraries.

    It takes images "x" (N, C, H, W) and gives "logits". The file also tells the classes and how a picture becomes an
    input.

    Where ONNX Runtime is installed, its answers are compared with ours before the file is kept.
    """
    from cnnkit.engine.use.load import load
    from cnnkit.models.weights.exported import difference, exported
    from cnnkit.serialize.files import write_atomic
    from cnnkit.serialize.outputs import check_output

    check_output(out, exist_ok=exist_ok)
    predictor = load(source)
    if predictor.task.name not in TASKS:
        raise UsageError(
            f"{predictor.name} is a network for {predictor.task.name}, but only those for {' and '.join(TASKS)} are "
            "written as ONNX: how boxes are chosen is no part of such a file."
        )
    preprocessing = predictor.preprocessing
    facts = {
        "model": predictor.name,
        "task": predictor.task.name,
        "classes": json.dumps(predictor.classes, ensure_ascii=False),
        "preprocessing": json.dumps(preprocessing.to_record()),
        "input": f"x: {'grey' if preprocessing.channels == 1 else 'RGB'}, (pixel / 255 - mean) / std for each channel",
        "output": "logits: softmax over axis 1 makes them scores of the classes",
    }
    data = exported(predictor.module, preprocessing.shape, batch_size, facts)
    differs = difference(data, predictor.module, preprocessing.shape, batch_size)
    write_atomic(out, data)
    for note in predictor.notes:
        screen.note(note)
    if screen.as_json:
        record = {"file": str(out), "bytes": len(data), "model": predictor.name, "task": predictor.task.name}
        screen.json(record | {"checked": differs is not None, "difference": differs})
        return
    screen.text(str(out), whole=True)
    screen.note(f"network: {predictor.name}, from {predictor.source}; {len(data) / 1e6:.1f} MB")
    if differs is None:
        screen.note('Not checked: ONNX Runtime is not installed here. pip install "cnnkit[onnx]" brings it.')
    else:
        screen.note(f"ONNX Runtime's answers differ from ours by {differs:.1g} of the largest logit.")
