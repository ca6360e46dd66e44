"""`cnnkit weights`: published weights for our networks: where they can be had, and how they become ours."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from cnnkit.cli.command import Group, command
from cnnkit.cli.completion import model_names
from cnnkit.cli.models import size
from cnnkit.cli.options import option
from cnnkit.cli.screen import Screen
from cnnkit.cli.values import Name, Numbers, Real, Size
from cnnkit.engine.options import PADDINGS

LAYOUTS = ("hwio", "oihw", "ohwi")

weights = Group(
    "weights",
    help="Published weights: where they are, and how to convert them into one of our files.",
    short_help="Published weights: list, convert.",
    commands_at={"list": "cnnkit.cli.weights:list_sources", "convert": "cnnkit.cli.weights:convert"},
    aliases={"ls": "list", "import": "convert"},
    example="cnnkit weights convert resnet20.th resnet20.safetensors --model resnet20",
)


@command("list", example="cnnkit weights list")
def list_sources(screen: Screen) -> None:
    """List which published weights our networks take, where they are, and under which licence.

    Nothing is downloaded. Read the licence at the publisher before you use the weights.
    """
    from cnnkit.models import names
    from cnnkit.models.published import offers

    rows = offers(names())
    if screen.as_json:
        screen.json({"weights": [{"models": list(row.models), **asdict(row.source)} for row in rows]})
        return
    for row in rows:
        screen.facts(
            [
                ("source", row.source.publisher),
                ("where", row.source.address),
                ("licence", row.source.licence),
                ("note", row.source.note),
                ("models", ", ".join(row.models)),
            ],
            prose=("licence", "note", "models"),
        )
        screen.text()
    screen.note("None of them is part of cnnkit. If you have a file:\n  cnnkit weights convert FILE OUT --model NAME")


@command("convert", example="cnnkit weights convert resnet20.th resnet20.safetensors --model resnet20")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@option("-m", "--model", required=True, shell_complete=model_names, help="Name of the network.")
@option(
    "--mean",
    type=Numbers("--mean 0.485,0.456,0.406"),
    help="Mean of the input, one number per channel; by default the published one.",
)
@option("--std", type=Numbers("--std 0.229,0.224,0.225"), help="Standard deviation of the input, like --mean.")
@option(
    "--scale",
    type=Real(above=0, most=1e6, example="--scale 255"),
    help="S in the input (pixel / S - mean) / std; by default the published one, or 255.",
)
@option("--classes", type=click.Path(path_type=Path), help="File of class names: one per line, or a JSON list.")
@option(
    "--image-size",
    also="--imgsz --img-size",
    type=Size("--image-size 224"),
    help="Size of the images; by default the network's own.",
)
@option(
    "--layout",
    type=Name(LAYOUTS, example="--layout hwio"),
    help="Order of axes in the filters: hwio (TensorFlow, cnnkit), oihw (PyTorch) or ohwi (TFLite); "
    "by default as the names or the shapes tell.",
)
@option(
    "--padding",
    type=Name(PADDINGS, example="--padding same"),
    help="Where the network adds zeros at stride 2: same (TensorFlow, Keras), symmetric (PyTorch, Caffe), or the "
    "network's default.",
)
@option("--exist-ok", also="--force", is_flag=True, help="Replace OUT if it exists.")
def convert(
    screen: Screen,
    file: Path,
    out: Path,
    model: str,
    mean: tuple[float, ...] | None,
    std: tuple[float, ...] | None,
    scale: float | None,
    classes: Path | None,
    image_size: tuple[int, int] | None,
    layout: str | None,
    padding: str | None,
    exist_ok: bool,
) -> None:
    """Convert the weights in FILE, and write them with all that is needed to use them to OUT.

    FILE is a state dict: .pth, .pt, .th, .npz or .safetensors. It is read as data: no code in it is run.

    OUT can be used with predict, evaluate, and train --weights.
    """
    from cnnkit.engine.weights import Choices
    from cnnkit.engine.weights import convert as convert_file

    choices = Choices(mean, std, scale, classes, image_size, layout, padding)
    result = convert_file(file, model, out, choices, exist_ok=exist_ok)
    for note in result.notes:
        screen.note(note)
    if screen.as_json:
        screen.json(result.to_json())
        return
    screen.facts(
        [
            ("weights", result.target),
            ("network", result.model),
            ("parameters", f"{result.parameters:,}"),
            ("classes", result.classes),
            ("input", size((*result.image_size, result.in_channels))),
            ("mean", _numbers(result.mean)),
            ("std", _numbers(result.std)),
            ("layout", result.layout),
            ("padding", result.padding),
        ]
    )


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.6g}" for value in values)
