"""`cnnkit explain`: what a network does with a picture."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cnnkit.cli.arguments.common import option, was_given
from cnnkit.cli.arguments.completion import run_names
from cnnkit.cli.arguments.page import language, opened
from cnnkit.cli.arguments.values import Name
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen
from cnnkit.errors import UsageError
from cnnkit.serialize.harmless import harmless

if TYPE_CHECKING:
    from cnnkit.data.headway import Headway
    from cnnkit.engine.explain.attribution import Attribution, Target
    from cnnkit.engine.explain.explanation import Explanation

Result = TypeVar("Result")
METHODS = ("grad-cam", "gradient", "occlusion")
PAGE = Path("explain.html")
MOST_SHOWN = 5


@command("explain", example="cnnkit explain image.png --output explain.html --open", computes=True)
@click.argument("image", type=click.Path())
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
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The page to write; explain.html unless it is given. It needs no other file and no network.",
)
@opened()
@language()
@option("--exist-ok", is_flag=True, help="Overwrite a page that exists.")
@option("--terminal", is_flag=True, help="Print the steps, the answer, and the picture under its heat map; no page.")
@option(
    "--class",
    metavar="NAME",
    help="The class to explain, by name or number; by default the best. Of a detector also a box by its number.",
)
@option("--layer", metavar="NAME", help="Show the steps of this layer alone, a page first; Grad-CAM looks at its maps.")
@option("--channel", metavar="N[,N...]", help="Show these channels of --layer instead of the strongest.")
@option(
    "--method",
    type=Name(METHODS, example="--method occlusion"),
    default=METHODS[0],
    help="What the heat map in the terminal is: Grad-CAM, the gradient by the image, or how much the score falls where "
    "a square is covered, which takes some seconds. A page has all three.",
)
@click.pass_context
def explain(
    ctx: click.Context,
    /,
    screen: Screen,
    image: str,
    model: str | None,
    weights: str | None,
    classes: str | None,
    output: Path | None,
    language: str,
    exist_ok: bool,
    terminal: bool,
    layer: str | None,
    channel: str | None,
    method: str,
    **named: Any,
) -> None:
    """Show what a network does with a picture, step by step.

    It writes a page: click a pixel of a map to see where its number came from. What in the picture mattered is a heat
    map over it.

    The numbers are those of the network as it was trained: no step is joined with another.
    """
    from cnnkit import kernels
    from cnnkit.cli.commands.predict import loaded

    channels, of, at_once = _numbers(channel), named["class"], named["open"]  # words of Python's
    if channels is not None and layer is None:
        raise UsageError("--channel is for the maps of a layer: give --layer NAME too.")
    page = output or (None if (terminal or screen.as_json) and not at_once else PAGE)
    if page is not None:
        from cnnkit.pages.page.write import check_page

        check_page(page, exist_ok=exist_ok, instead="Without them --terminal prints steps, answer and heat map.")
    predictor = loaded(model, weights, classes)
    with kernels.use(precision=None if was_given(ctx, "precision") else predictor.precision):
        with screen.progress() as progress:
            progress.update("steps of the network", 0, 0)
            told = predictor.explain(Path(image), layer=layer, channels=channels)
        for note in told.notes:
            screen.note(note)
        screen.note(f"network: {told.network}, from {told.source}")
        found = _attribution(screen, told, of, layer, method) if terminal or screen.as_json else None
        if page is not None:
            _write_page(screen, told, page, language, Path(image).name, None if of is None else told.target(of), layer)
        if screen.as_json:
            screen.json({**told.to_json(), "attribution": None if found is None else found.to_json()})
        elif terminal:
            _show(screen, told, found, layer, channels)
        if page is not None and not screen.as_json:
            screen.text(str(page), whole=True)
    if at_once and page is not None:
        screen.open(page)


def _write_page(
    screen: Screen, told: Explanation, page: Path, language: str, name: str, asked: Target | None, layer: str | None
) -> None:
    from cnnkit.pages.explain.page import making_page
    from cnnkit.pages.page.write import write_page
    from cnnkit.pages.texts import read

    steps = making_page(told, read(language), name=name, asked=asked, layer=layer)
    write_page(page, _followed(screen, steps))


def _followed(screen: Screen, steps: Generator[Headway, None, Result]) -> Result:
    """What the steps end with; meanwhile a bar shows how far they have come."""
    with screen.progress() as progress:
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                result: Result = end.value
                return result
            progress.update(step.what, step.done, step.total)


def _numbers(channel: str | None) -> list[int] | None:
    if channel is None:
        return None
    try:
        return [int(number) for number in channel.split(",")]
    except ValueError:
        raise UsageError(f"--channel is {channel!r}, expected whole numbers from 0 on, such as 3 or 3,7.") from None


def _attribution(
    screen: Screen, told: Explanation, of: str | None, layer: str | None, method: str
) -> Attribution | None:
    """What mattered; None where there is nothing to explain, and nobody asked."""
    if told.winner is None and of is None:
        return None
    target = told.target(of)
    if method == "occlusion":
        return _followed(screen, told.occlusions([target]))[0]
    if method == "gradient":
        return told.gradient(target)
    for where in dict.fromkeys((layer, None)):
        with suppress(UsageError):
            return told.grad_cam(target, layer=where)
    # Of a network without maps the image still has a gradient.
    return told.gradient(target)


def _show(
    screen: Screen, told: Explanation, found: Attribution | None, layer: str | None, channels: list[int] | None
) -> None:
    from cnnkit.cli.show.characters.half_blocks import print_heat
    from cnnkit.cli.show.tables.station_table import show_stations, size

    stations = told.stations if layer is None else told.within(layer)
    screen.text(f"image {size(told.x.shape)}, {told.parameters:,} parameters, {told.multiply_adds:,} multiply-adds")
    screen.text()
    show_stations(screen, stations)
    screen.text()
    for line in _answer(told):
        screen.text(harmless(line, lines=False))
    if channels is not None:
        station = told.station(stations[-1].number)
        assert station.maps is not None
        for number, one in zip(station.maps.channels, station.maps.values.transpose(2, 0, 1), strict=True):
            screen.text()
            screen.text(f"{station.name}, channel {number}: {one.min():.4g} to {one.max():.4g}")
            print_heat(_plain(one.shape), one)
    if found is not None:
        screen.text()
        screen.text(harmless(_heading(found), lines=False))
        print_heat(told.image, found.values)
        if not found.values.any():
            screen.text("It is 0 everywhere: nothing that is seen there speaks for it.")


def _plain(shape: tuple[int, ...]) -> Any:
    import numpy as np

    return np.full((*shape, 1), 24, np.uint8)


def _answer(told: Explanation) -> list[str]:
    """The best classes, the classes of most pixels, or the boxes."""
    answer = told.prediction().to_json()
    if told.scores is not None:
        best = told.scores.argsort()[::-1][:MOST_SHOWN]
        return [f"{100 * told.scores[k]:5.1f} %  {told.classes[k]}  (logit {told.outputs[k]:.3f})" for k in best]
    if "shares" in answer:
        shares = sorted(answer["shares"].items(), key=lambda pair: -pair[1])[:MOST_SHOWN]
        return [f"{100 * share:5.1f} %  {name} of the pixels" for name, share in shares]
    boxes = answer.get("boxes", [])[:MOST_SHOWN]
    rows = [(k, box, " ".join(f"{edge:.0f}" for edge in box["box"])) for k, box in enumerate(boxes)]
    lines = [f"box {k}: {100 * box['score']:5.1f} %  {box['label']}  at {edges}" for k, box, edges in rows]
    return lines or ["nothing found"]


def _heading(found: Attribution) -> str:
    names = {"grad_cam": f"Grad-CAM at {found.layer}", "gradient": "gradient", "occlusion": "occlusion"}
    return f"What mattered for {_named(found.target)}, by {names[found.method]}:"


def _named(target: Target) -> str:
    if target.kind == "box":
        return f"box {target.box}, {target.label} (score {target.value:.3f})"
    what = "logit" if target.kind == "class" else "sum of logits over its pixels"
    return f"{target.label} ({what} {target.value:.4g})"
