"""What in the picture mattered: heat maps of each way, for the winner and some other targets."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnnkit.engine.explain.attribution import METHODS, Attribution, Target
from cnnkit.engine.explain.explanation import Explanation
from cnnkit.errors import UsageError
from cnnkit.pages.draw.colours import bound_of
from cnnkit.pages.draw.maps import over
from cnnkit.pages.explain.answer import file_of
from cnnkit.pages.explain.sums import short

# Targets besides those that a user names: each costs many passes through the network.
MOST = 5
# So many classes are all shown.
FEW = 10


def targets(explanation: Explanation, asked: Target | None = None) -> list[Target]:
    """What was asked for first, then the winner, then the next best."""
    found: list[Target] = [] if asked is None else [asked]
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
    return found


def mattered(explanation: Explanation, chosen: Sequence[Target]) -> list[dict[str, Any]]:
    """For each target {"kind", "label", "index", "box", "value", "maps": {method: {"file", "bound", "negative"}}}.

    A method that a network has no use for, such as Grad-CAM without maps, is left out.
    """
    return [_of(explanation, target) for target in chosen]


def _of(explanation: Explanation, target: Target) -> dict[str, Any]:
    maps: dict[str, Any] = {}
    for method in METHODS:
        try:
            found: Attribution = getattr(explanation, method)(target)
        except UsageError:
            continue
        heat, picture = explanation.over_picture(found.values), explanation.picture
        if heat is None:
            heat, picture = found.values, explanation.image
        bound = bound_of(heat)
        file = file_of(over(picture, heat, bound))
        maps[method] = {"file": file, "bound": short(bound), "negative": bool((heat < 0).any())}
    facts = {"kind": target.kind, "label": target.label, "index": target.index, "box": target.box}
    return facts | {"value": short(target.value), "maps": maps}


def _most_pixels(logits: Any) -> list[int]:
    """Classes by falling number of the pixels that are answered as them."""
    count = np.bincount(np.asarray(logits).argmax(axis=-1).ravel(), minlength=logits.shape[-1])
    return [k for k in np.argsort(-count, kind="stable").tolist() if count[k]]
