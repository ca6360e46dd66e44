"""Open the shapes that are made in memory as training, validation and test parts."""

from dataclasses import replace

from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.masks.shapes import LEAST_SIDE, SIDE, Shapes
from cnnkit.data.view.preprocessing import Fit
from cnnkit.errors import UsageError


def open_shapes(size: tuple[int, int] | None, grey: bool | None, fit: Fit | None = None) -> DataSplits:
    """The three parts, each picture of this (height, width).   fit: of other pictures, which are predicted later."""
    H, W = size or (SIDE, SIDE)
    if min(H, W) < LEAST_SIDE:
        raise UsageError(f"Shapes of {H}x{W} pixels cannot be told apart. Give --image-size {LEAST_SIDE} or more.")
    train, val, test = (Shapes(part, (H, W), grey=bool(grey)) for part in ("train", "val", "test"))
    kind = "grey" if grey else "RGB"
    found = f"shapes: made in memory, {H}x{W} {kind}: {len(train)} train, {len(val)} val, {len(test)} test"
    read_as = replace(train.preprocessing, fit=fit or train.preprocessing.fit)
    return DataSplits(train, val, test, f"{found}, {len(train.classes)} classes", read_as=read_as)
