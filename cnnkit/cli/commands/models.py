"""`cnnkit models`: the networks by name, or the layers of one."""

from __future__ import annotations

from typing import Any

import click

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.completion import model_names
from cnnkit.cli.arguments.values import Name, Task
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.options import PADDINGS
from cnnkit.errors import UsageError


@command("models", example="cnnkit models convnet")
@click.argument("name", required=False, shell_complete=model_names)
@option(
    "--padding",
    default="default",
    type=Name(PADDINGS, example="--padding same"),
    help="Where zeros are added at stride 2: as usual for the network, as TensorFlow (same), or on both sides.",
)
@option("--task", type=Task(), help="List the networks of this task alone.")
def models(screen: Screen, name: str | None, padding: str, task: str | None) -> None:
    """List the networks, or show the layers of one.

    With NAME: output, parameters and multiply-adds of every layer.
    """
    if name is None and padding != "default":
        raise UsageError(f"--padding is for one network: cnnkit models NAME --padding {padding}")
    if name is not None and task is not None:
        raise UsageError(f"--task is for the list of networks: cnnkit models --task {task}")
    if name is None:
        _list(screen, task)
    else:
        _show(screen, name, padding)


def _list(screen: Screen, task: str | None) -> None:
    from cnnkit.models import registry
    from cnnkit.models.summary.figures import figures
    from cnnkit.tasks.registry import find

    names = registry.names(None if task is None else find(task).networks)
    rows = [(registry.spec(name), figures(name)) for name in names]
    if screen.as_json:
        facts = [
            {**_facts(name, counted, spec.input, spec.paper), "summary": spec.summary}
            for name, (spec, counted) in zip(names, rows, strict=True)
        ]
        screen.json({"models": facts})
        return
    cells = [
        (
            name,
            f"{counted.parameters:,}",
            f"{counted.multiply_adds / 1e6:,.1f} M",
            authors(spec.paper),
            size(spec.input),
            spec.summary,
        )
        for name, (spec, counted) in zip(names, rows, strict=True)
    ]
    screen.table(
        ["name", "parameters", "multiply-adds", "paper", "input", "what it is"],
        cells,
        optional=["what it is", "input", "paper", "multiply-adds"],
    )
    screen.note("The layers of one: cnnkit models NAME")


def _show(screen: Screen, name: str, padding: str) -> None:
    from cnnkit.models.summary import summary

    shown = summary(name, padding=padding)
    layers = [
        {
            "name": row.name,
            "kind": row.kind,
            "output": row.output,
            "parameters": row.parameters,
            "multiply_adds": row.multiply_adds,
        }
        for row in shown.layers
    ]
    if screen.as_json:
        screen.json({**_facts(shown.name, shown, shown.input, shown.paper), "layers": layers})
        return
    screen.facts(
        [
            ("name", shown.name),
            ("paper", shown.paper),
            ("input", size(shown.input)),
            ("parameters", f"{shown.parameters:,}"),
            ("multiply-adds", f"{shown.multiply_adds:,} a picture"),
        ]
    )
    screen.text()
    cells = [
        (
            row.name,
            row.kind,
            ", ".join(map(size, row.outputs)),
            f"{row.parameters:,}",
            f"{row.multiply_adds:,}",
        )
        for row in shown.layers
    ]
    screen.table(["layer", "kind", "output", "parameters", "multiply-adds"], cells, optional=["multiply-adds", "kind"])


def _facts(name: str, counted: Any, image: tuple[int, ...], paper: str) -> dict[str, Any]:
    return {
        "name": name,
        "parameters": counted.parameters,
        "multiply_adds": counted.multiply_adds,
        "input": list(image),
        "paper": paper,
    }


def authors(paper: str) -> str:
    """Who and when, without where: "He et al. 2015" of "He et al. 2015, arXiv:1512.03385"."""
    return paper.partition(",")[0].partition(":")[0]


def size(shape: tuple[int, ...]) -> str:
    """(28, 28, 1) as 28x28x1."""
    return "x".join(str(length) for length in shape)
