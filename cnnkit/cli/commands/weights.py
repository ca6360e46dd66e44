"""`cnnkit weights`: published weights for our networks: where they can be had, and how they become ours."""

from __future__ import annotations

import shlex
from dataclasses import asdict
from pathlib import Path

import click

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.completion import model_names, weight_names
from cnnkit.cli.arguments.values import Name, Numbers, Real, Size
from cnnkit.cli.command import Group, command
from cnnkit.cli.commands.models import size
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.options import PADDINGS

LAYOUTS = ("hwio", "oihw", "ohwi")

weights = Group(
    "weights",
    help="Published weights: where they are, download them, or convert a file into one of ours.",
    short_help="Published weights: list, fetch, convert.",
    commands_at={
        "list": "cnnkit.cli.commands.weights:list_sources",
        "fetch": "cnnkit.cli.commands.weights:fetch",
        "convert": "cnnkit.cli.commands.weights:convert",
    },
    aliases={"ls": "list", "download": "fetch", "import": "convert"},
    example="cnnkit weights fetch resnet18",
)


@command("list", example="cnnkit weights list")
def list_sources(screen: Screen) -> None:
    """List the published weights that our networks take.

    Each row says where they are, under which licence, and the command that makes them ours.

    Nothing is downloaded. Read the licence at the publisher before you use the weights.
    """
    from cnnkit.models import names
    from cnnkit.models.weights.downloads import files_of
    from cnnkit.models.weights.published import offers

    rows = [(offer, files_of(offer.source, offer.models)) for offer in offers(names())]
    if screen.as_json:
        screen.json(
            {
                "weights": [
                    {"models": list(offer.models), **asdict(offer.source), "files": [asdict(file) for file in files]}
                    for offer, files in rows
                ]
            }
        )
        return
    for offer, files in rows:
        screen.facts(
            [
                ("source", offer.source.publisher),
                ("where", offer.source.address),
                ("licence", offer.source.licence),
                ("note", offer.source.note),
            ],
            prose=("licence", "note"),
        )
        for file in files:
            screen.text(f"  {file.command}", whole=True)
            if file.address != offer.source.address:
                screen.text(f"      {file.address}{'' if file.tried else ' (not tried)'}", whole=True)
        screen.text()
    screen.note(
        'None of them is part of cnnkit. "Not tried" means that this address was not downloaded from when cnnkit was '
        "made; what comes is compared with its checksum in any case."
    )


@command("fetch", example="cnnkit weights fetch resnet18")
@click.argument("name", shell_complete=weight_names)
@option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; by default NAME.safetensors in the folder of downloaded data.",
)
@option("--exist-ok", also="--force", is_flag=True, help="Download again, and replace the file if it exists.")
def fetch(screen: Screen, name: str, output: Path | None, exist_ok: bool) -> None:
    """Download published weights and convert them.

    NAME is a network. The file is compared with its checksum.

    A file that is there already stays. A broken download goes on where it stopped.
    """
    from cnnkit.engine.use.fetch import fetch_weights

    with screen.progress(" MB") as progress:

        def show(what: str, done: int, total: int) -> None:
            progress.update(f"fetching {what}", done // 10**6, total // 10**6, live=f"{done / 1e6:.1f} MB")

        result = fetch_weights(name, output, show, exist_ok=exist_ok)
    for note in result.notes:
        screen.note(note)
    if screen.as_json:
        screen.json(result.to_json())
        return
    screen.text(result.target, whole=True)
    screen.note(f"Next:\n  cnnkit predict PICTURES --model {shlex.quote(result.target)}")


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
    """Convert a weight file of another library into one of ours.

    OUT gets the weights in FILE, and all that is needed to use them.

    FILE is a state dict: .pth, .pt, .th, .npz or .safetensors. It is read as data: no code in it is run.

    OUT can be used with predict, evaluate, and train --weights.
    """
    from cnnkit.engine.use.choices import Choices
    from cnnkit.engine.use.weights import convert as convert_file

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
