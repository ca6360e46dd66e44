"""`cnnkit lr-find`: which learning rate a training should have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cnnkit.cli.arguments.common import option
from cnnkit.cli.arguments.training import choices
from cnnkit.cli.arguments.values import Real, Whole
from cnnkit.cli.command import command
from cnnkit.cli.show.characters.sparkline import sparkline
from cnnkit.cli.show.screen import Screen
from cnnkit.engine.records.events import Compiling, Event, Note
from cnnkit.engine.records.lr_range import HIGHEST, LOWEST, STEPS, LrFound, LrResult, RateTried
from cnnkit.engine.records.options import CHANGES, FitOptions
from cnnkit.errors import NumericError

ROWS = 12
# What decides how the first steps go.
CHOICES = (
    "data",
    "task",
    "model",
    "padding",
    "weights",
    "freeze",
    "batch_size",
    "optimiser",
    "momentum",
    "nesterov",
    "weight_decay",
    "label_smoothing",
    "loss",
    "clip",
    "augment",
    *CHANGES,
    "image_size",
    "fit",
    "grey",
    "ignore",
    "seed",
)


@command("lr-find", example="cnnkit lr-find --data photos/ --model convnet", computes=True)
@choices(*CHOICES)
@option(
    "--steps",
    default=STEPS,
    type=Whole(20, 100_000, example="--steps 150"),
    help="Number of steps, each with its own rate.",
)
@option("--lowest", default=LOWEST, type=Real(above=0, most=1e6, example="--lowest 1e-6"), help="First rate.")
@option("--highest", default=HIGHEST, type=Real(above=0, most=1e6, example="--highest 10"), help="Last rate.")
def find(screen: Screen, steps: int, lowest: float, highest: float, **chosen: Any) -> None:
    """Try rising learning rates on a fresh network, and suggest one.

    The suggestion is a tenth of the rate with the lowest smoothed loss. Use it as --lr, the highest
    rate of the schedule.

    Nothing is written; the weights are discarded.
    """
    from cnnkit.engine.ahead.lr_find import lr_find

    given = {name: value for name, value in chosen.items() if value is not None}
    options = FitOptions.from_values(given).validate()
    result = _follow(screen, lr_find(options, steps=steps, lowest=lowest, highest=highest))
    if screen.as_json:
        screen.json(result.to_json())
    else:
        _show(screen, result)
    if result.suggested is None:
        raise NumericError(
            f"The loss fell at no rate from {result.rates[0]:.2g} to {result.rates[-1]:.2g}. "
            "Try more --steps, a larger --batch-size, or test whether the network can learn: "
            f"{result.command} --overfit 8"
        )
    screen.note(f"\nNext:\n  {result.command}")


def _follow(screen: Screen, events: Iterator[Event]) -> LrResult:
    with screen.progress() as progress:
        for event in events:
            if isinstance(event, RateTried):
                progress.update("trying rates", event.done, event.total, f"rate {event.lr:.2g}  loss {event.loss:.3f}")
            elif isinstance(event, Compiling):
                progress.update("loading kernels" if event.cached else "compiling kernels", event.done, event.total)
            elif isinstance(event, Note):
                progress.line(event.text)
            elif isinstance(event, LrFound):
                return event.result
    raise RuntimeError("the search ended without a result")


def _show(screen: Screen, result: LrResult) -> None:
    curve, n = result.smoothed, len(result.rates)
    # A loss that ran away would leave the rest of the curve flat.
    shown = [min(loss, 1.5 * curve[0]) for loss in curve]
    line = sparkline(shown, max(8, min(48, screen.width - 30)), unicode=screen.unicode)
    screen.text(f"loss at rates from {result.rates[0]:.0e} to {result.rates[-1]:.2g}:")
    screen.text(f"  {line}\n")
    rows = sorted({round(i * (n - 1) / (ROWS - 1)) for i in range(ROWS)} | {result.rates.index(result.lowest)})
    marks = {result.rates.index(result.steepest): "steepest", result.rates.index(result.lowest): "lowest"}
    screen.table(["rate", "loss", ""], [(f"{result.rates[i]:.1e}", f"{curve[i]:.4f}", marks.get(i, "")) for i in rows])
    screen.text()
    suggested = "none" if result.suggested is None else f"{result.suggested:g}"
    screen.facts(
        [
            ("suggested --lr", f"{suggested} for {result.optimiser}, a tenth of the rate with the lowest loss"),
            ("lowest loss at", f"{result.lowest:.2g}"),
            ("steepest fall at", f"{result.steepest:.2g}"),
            ("ended", "the loss diverged" if result.diverged else "at the last rate"),
        ]
    )
