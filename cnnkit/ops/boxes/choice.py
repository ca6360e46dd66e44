"""How much boxes overlap, and which of many are kept: what is chosen has no derivative, so nothing is recorded."""

from typing import Any

from cnnkit import kernels
from cnnkit.autograd import Context, Function, Tensor, no_grad
from cnnkit.errors import ShapeError, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.ops import check


def box_iou(a: Tensor | Array, b: Tensor | Array) -> Tensor:
    """Intersection over union of each box of a (n, 4) with each of b (m, 4): (n, m), from 0 to 1.

    Corners are x_min, y_min, x_max, y_max. Two empty boxes overlap by 0.
    """
    a, b = check.tensor(a, "box_iou"), check.tensor(b, "box_iou")
    for boxes in (a, b):
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ShapeError(
                f"box_iou expects two lists of boxes (n, 4), but received {a.shape} and {b.shape}. "
                "Reshape a batch of lists to one: (-1, 4)."
            )
    return Tensor.recorded(kernels.of(a.data, b.data).box_iou(a.data, b.data), None)


def select(
    boxes: Tensor | Array,
    scores: Tensor | Array,
    *,
    score: float,
    iou: float,
    places: int,
    per_class: int | None = None,
) -> Tensor:
    """The best boxes of each image, none beside a better one of its class that it overlaps by more than `iou`.

    Non-maximum suppression, class by class, as torchvision's `batched_nms`: overlaps at the bound stay, of two equal
    scores the one that stands first in `scores` comes first. The shape of the result hangs on no value.

    Args:
        boxes: (N, A, 4) corners x_min, y_min, x_max, y_max, or (N, A, K, 4) where each class has boxes of its own.
        scores: (N, A, K), how likely box a holds class k.
        score: boxes of a class whose score is not above this are left out.
        iou: the overlap that makes the lesser of two boxes of a class give way; above 1 none does.
        places: P, how many boxes of all classes an image has room for.
        per_class: how many boxes of each class are looked at, the best; None: all.

    Returns:
        (N, P, 6): x_min, y_min, x_max, y_max, score, class, by falling score. A place without a box has zeros for
        corners and score, and class -1.

    Source: Neubeck & Van Gool 2006, Efficient non-maximum suppression.
    """
    boxes, scores = check.tensor(boxes, "select"), check.tensor(scores, "select")
    fits = scores.ndim == 3 and boxes.shape in ((*scores.shape[:2], 4), (*scores.shape, 4))
    if not fits:
        raise ShapeError(
            "select expects scores (N, A, K) with boxes (N, A, 4), or (N, A, K, 4) where each class has its own, but "
            f"received scores {scores.shape} and boxes {boxes.shape}."
        )
    if places < 1 or (per_class is not None and per_class < 1):
        raise UsageError(f"places is {places} and per_class {per_class}, expected whole numbers of at least 1.")
    how = {"score": score, "iou": iou, "places": places, "per_class": per_class}
    with no_grad():
        found: Tensor = _Select.apply(boxes, scores, how)
    return found


class _Select(Function):
    """A Function, so that whoever follows a network's calls sees it; there is no way back."""

    @staticmethod
    def forward(ctx: Context, boxes: Array, scores: Array, how: dict[str, Any]) -> Array:
        found: Array = kernels.of(boxes, scores).select(boxes, scores, **how)
        return found
