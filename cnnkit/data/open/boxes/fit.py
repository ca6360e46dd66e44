"""Size, colour and fit of pictures that have boxes, where nobody says them."""

from collections.abc import Sequence
from dataclasses import replace

from cnnkit.data.layout.boxes.pictures import BoxedPicture
from cnnkit.data.open.opening import Opening, some_heads
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import UsageError

# The side of the image that pictures are scaled to; where all are smaller, the least multiple of STEP that holds them.
SIDE, STEP = 320, 32
# Pictures whose headers tell size and colour.
TRIED = 64
# Those that cut off a part of the picture, and what is there with it, or that keep each picture's size.
UNFIT = ("crop", "margin", "keep")


def choose_box_fit(pictures: Sequence[BoxedPicture], asked: Opening) -> tuple[Preprocessing, list[str]]:
    """(how pictures are read, notes); what is not asked for is told from the headers of some of them."""
    if asked.fit in UNFIT:
        raise UsageError(
            f"--fit is {asked.fit}, but a network that finds things is shown whole pictures of one size. Give "
            "letterbox, which keeps their shape, or stretch."
        )
    heads, size, notes = some_heads(pictures, TRIED), asked.image_size, []
    if size is None:
        longest = max((max(head.height, head.width) for head in heads), default=SIDE)
        side = min(SIDE, -(-longest // STEP) * STEP)
        size = side, side
        if longest > SIDE:
            notes.append(f"Pictures are scaled to {side}x{side}; --image-size changes that.")
    preprocessing, told = asked.coloured(pictures, heads, size)
    return replace(preprocessing, fit=asked.fit or "letterbox"), notes + told
