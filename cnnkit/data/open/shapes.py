"""Open the shapes that are made in memory as training, validation and test parts."""

from dataclasses import replace

from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.boxes.shapes import ShapeBoxes
from cnnkit.data.sets.masks.shapes import ShapeMasks
from cnnkit.data.sets.shapes import LEAST_SIDE, SIDE
from cnnkit.data.view.preprocessing import Fit
from cnnkit.errors import UsageError

# Of the task that is asked for; without a word they have masks.
_KINDS = {kind.task: kind for kind in (ShapeMasks, ShapeBoxes)}


def open_shapes(
    task: str | None, size: tuple[int, int] | None, grey: bool | None, fit: Fit | None = None
) -> DataSplits:
    """The three parts, each picture of this (height, width).

    task: what they are for; of one that is not known here they keep their masks.
    fit: of other pictures, which are predicted later.
    """
    kind = _KINDS.get(task or "", ShapeMasks)
    H, W = size or (SIDE, SIDE)
    if min(H, W) < LEAST_SIDE:
        raise UsageError(f"Shapes of {H}x{W} pixels cannot be told apart. Give --image-size {LEAST_SIDE} or more.")
    train, val, test = (kind(part, (H, W), grey=bool(grey)) for part in ("train", "val", "test"))
    colour = "grey" if grey else "RGB"
    found = f"shapes: made in memory, {H}x{W} {colour}: {len(train)} train, {len(val)} val, {len(test)} test"
    read_as = replace(train.preprocessing, fit=fit or train.preprocessing.fit)
    return DataSplits(train, val, test, f"{found}, {len(train.classes)} classes", read_as=read_as)
