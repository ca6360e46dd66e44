"""What in the picture mattered: heat maps of each way, for the winner and some other targets."""

from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from cnnkit.data.headway import Headway
from cnnkit.engine.explain.attribution import Attribution, Target
from cnnkit.engine.explain.explanation import Explanation
from cnnkit.errors import UsageError
from cnnkit.pages.draw.colours import bound_of
from cnnkit.pages.draw.maps import over
from cnnkit.pages.explain.answer import SIDE, file_of
from cnnkit.pages.explain.sums import short

# Targets besides those that a user names: each costs a way through the network and back. So many classes are all shown.
MOST, FEW = 5, 10
# Products that are summed up for all of them together, about ten seconds of two cores; but two targets are looked at.
MOST_PRODUCTS, LEAST = 6e11, 2
# The longer side of a heat map in the page, from what is wanted to what is still told apart.
SIDES = (SIDE, 480, 320, 200, 120)


def targets(explanation: Explanation, asked: Target | None = None) -> list[Target]:
    """What was asked for first, then the winner, then the next best; of a network that works long fewer."""
    found: list[Target] = [] if asked is None else [asked]
    affordable = len(found) + max(LEAST, int(MOST_PRODUCTS / max(1, 2 * explanation.multiply_adds)))
    wanted: list[Target | str | int] = [] if explanation.winner is None else [explanation.winner]
    if explanation.scores is not None:
        count = len(explanation.scores)
        best = np.argsort(-explanation.scores, kind="stable")[: count if count <= FEW else MOST]
        wanted += best.tolist()
    elif explanation.outputs.ndim == 3:
        wanted += _most_pixels(explanation.outputs)[:MOST]
    else:
        boxes = getattr(explanation.answer, "boxes", ())
        wanted += range(min(len(boxes), 3))
    for of in wanted:
        target = explanation.target(of)
        if all((target.kind, target.index, target.box) != (other.kind, other.index, other.box) for other in found):
            found.append(target)
    return found[:affordable]


def mattered(
    explanation: Explanation, chosen: Sequence[Target], layer: str | None = None
) -> Generator[Headway, None, list[dict[str, Any]]]:
    """For each target {"kind", "label", "index", "box", "value", "maps": {method: {"drawn", "bound", …}}}.

    Of a map: drawn: the picture under it, (H, W, 3), which `fitted` makes a file of; bound, negative: its scale;
    layer: of Grad-CAM. A method that a network has no use for, such as Grad-CAM without maps, is left out.

    Args:
        layer: where Grad-CAM looks, where it can; by default the last layer that will do.
    """
    covered = yield from _covered(explanation, chosen)
    reasons = []
    for done, target in enumerate(chosen):
        yield Headway("heat maps", done, len(chosen))
        cam, slope = _derivatives(explanation, target, layer)
        maps = {one.method: _drawn(explanation, one) for one in (cam, slope, *covered[done : done + 1]) if one}
        facts = {"kind": target.kind, "label": target.label, "index": target.index, "box": target.box}
        reasons.append(facts | {"value": short(target.value), "maps": maps})
    return reasons


def _derivatives(
    explanation: Explanation, target: Target, layer: str | None
) -> tuple[Attribution | None, Attribution | None]:
    """Grad-CAM at the layer, else where it can be, and the gradient; None of what there is not."""
    cam, slope = None, None
    with suppress(UsageError):
        cam, slope = explanation.derivatives(target, layer=layer)
    if cam is None and layer is not None:
        cam, slope = explanation.derivatives(target)
    return cam, slope


def fitted(reasons: list[dict[str, Any]], room: float) -> list[dict[str, Any]]:
    """The same with "file" in the place of "drawn": as large as there is room for in so many bytes, but SIDES.

    Where even the smallest are too many, the last targets are left out.
    """
    for side in SIDES:
        sized = [
            reason | {"maps": {way: _filed(one, side) for way, one in reason["maps"].items()}} for reason in reasons
        ]
        bytes_of = [sum(len(one["file"]) for one in reason["maps"].values()) for reason in sized]
        if sum(bytes_of) <= room:
            break
    while sized and sum(bytes_of) > room:
        bytes_of.pop()
        sized.pop()
    return sized


def _covered(explanation: Explanation, chosen: Sequence[Target]) -> Generator[Headway, None, list[Attribution]]:
    """The occlusion of all of them, which takes longest; nothing where the network is none that can be asked."""
    try:
        return (yield from explanation.occlusions(chosen)) if chosen else []
    except UsageError:
        return []


def _drawn(explanation: Explanation, found: Attribution) -> dict[str, Any]:
    heat, picture = explanation.over_picture(found.values), explanation.picture
    if heat is None:
        heat, picture = found.values, explanation.image
    bound = bound_of(heat)
    drawn = over(picture, heat, bound)
    return {"drawn": drawn, "bound": short(bound), "negative": bool((heat < 0).any()), "layer": found.layer}


def _filed(one: dict[str, Any], side: int) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "drawn"} | {"file": file_of(one["drawn"], side)}


def _most_pixels(logits: Any) -> list[int]:
    """Classes by falling number of the pixels that are answered as them."""
    count = np.bincount(np.asarray(logits).argmax(axis=-1).ravel(), minlength=logits.shape[-1])
    return [k for k in np.argsort(-count, kind="stable").tolist() if count[k]]
