"""Size, colour and fit of pictures that have masks, where nobody says them."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from cnnkit.data.layout.masks.pairs import Pair
from cnnkit.data.open.stored_range import stored_white
from cnnkit.data.picture.header import Header, header
from cnnkit.data.sets.image_folder import photo_preprocessing
from cnnkit.data.view.preprocessing import Fit, Preprocessing

# Where pictures keep their size, training sees a window of theirs: all of it up to this side, else of this size.
LARGEST_NATIVE, WINDOW = 512, 256
# From this shorter side on a window shows too little of a picture: it is made smaller as a whole.
TOO_LARGE = 1024
# Pictures whose headers tell size and colour.
TRIED = 64


def choose_fit(
    pairs: Sequence[Pair],
    image_size: tuple[int, int] | None,
    grey: bool | None,
    fit: Fit | None,
    white: int | None,
) -> tuple[Preprocessing, list[str]]:
    """(how pictures are read, notes); what is None is told from the headers of some of them."""
    heads = [head for pair in pairs[:: max(1, len(pairs) // TRIED)] if (head := header(pair.path)) is not None]
    notes: list[str] = []
    size = _window(heads) if image_size is None else image_size
    if fit is None:
        fit = "keep"
        shorter = median(min(head.height, head.width) for head in heads) if heads else 0
        if shorter > TOO_LARGE:
            fit = "letterbox"
            notes.append(
                f"The pictures are large ({shorter:,.0f} pixels on the shorter side): each is scaled as a whole to "
                f"{size[0]}x{size[1]} (letterbox). --fit keep trains on windows of them instead."
            )
        elif image_size is None and size == (WINDOW, WINDOW) and any(_size(head) != size for head in heads):
            notes.append(
                f"Pictures keep their size; training sees windows of {WINDOW}x{WINDOW} of them. --image-size changes "
                "that, --fit scales pictures instead."
            )
    if grey is None:
        grey = bool(heads) and all(head.grey for head in heads)
    if white is None:
        white, told = stored_white([pair.name for pair in pairs])
        notes += told
    return replace(photo_preprocessing(size, grey), fit=fit, white=white), notes


def _window(heads: Sequence[Header]) -> tuple[int, int]:
    sizes = {_size(head) for head in heads}
    common = next(iter(sizes)) if len(sizes) == 1 else (WINDOW, WINDOW)
    return common if max(common) <= LARGEST_NATIVE else (WINDOW, WINDOW)


def _size(head: Header) -> tuple[int, int]:
    return head.height, head.width
