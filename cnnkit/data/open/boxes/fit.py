"""Size, colour and fit of pictures that have boxes, where nobody says them."""

from collections.abc import Sequence
from dataclasses import replace

from cnnkit.data.layout.boxes.pictures import BoxedPicture
from cnnkit.data.open.stored_range import stored_white
from cnnkit.data.picture.header import header
from cnnkit.data.sets.image_folder import photo_preprocessing
from cnnkit.data.view.preprocessing import Fit, Preprocessing
from cnnkit.errors import UsageError

# The side of the image that pictures are scaled to; where all are smaller, the least multiple of STEP that holds them.
SIDE, STEP = 320, 32
# Pictures whose headers tell size and colour.
TRIED = 64
# Those that cut off a part of the picture, and what is there with it, or that keep each picture's size.
UNFIT = ("crop", "margin", "keep")


def choose_box_fit(
    pictures: Sequence[BoxedPicture],
    image_size: tuple[int, int] | None,
    grey: bool | None,
    fit: Fit | None,
    white: int | None,
) -> tuple[Preprocessing, list[str]]:
    """(how pictures are read, notes); what is None is told from the headers of some of them."""
    heads = [head for one in pictures[:: max(1, len(pictures) // TRIED)] if (head := header(one.path)) is not None]
    notes: list[str] = []
    if fit in UNFIT:
        raise UsageError(
            f"--fit is {fit}, but a network that finds things is shown whole pictures of one size. Give letterbox, "
            "which keeps their shape, or stretch."
        )
    if image_size is None:
        longest = max((max(head.height, head.width) for head in heads), default=SIDE)
        side = min(SIDE, -(-longest // STEP) * STEP)
        image_size = side, side
        if longest > SIDE:
            notes.append(f"Pictures are scaled to {side}x{side}; --image-size changes that.")
    if grey is None:
        grey = bool(heads) and all(head.grey for head in heads)
    if white is None:
        white, told = stored_white([one.name for one in pictures])
        notes += told
    return replace(photo_preprocessing(image_size, grey), fit=fit or "letterbox", white=white), notes
