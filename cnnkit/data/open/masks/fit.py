"""Size, colour and fit of pictures that have masks, where nobody says them."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from cnnkit.data.layout.masks.pairs import Pair
from cnnkit.data.open.opening import Opening, some_heads
from cnnkit.data.picture.header import Header
from cnnkit.data.view.preprocessing import Preprocessing

# Where pictures keep their size, training sees a window of theirs: all of it up to this side, else of this size.
LARGEST_NATIVE, WINDOW = 512, 256
# From this shorter side on a window shows too little of a picture: it is made smaller as a whole.
TOO_LARGE = 1024
# Pictures whose headers tell size and colour.
TRIED = 64


def choose_fit(pairs: Sequence[Pair], asked: Opening) -> tuple[Preprocessing, list[str]]:
    """(how pictures are read, notes); what is not asked for is told from the headers of some of them."""
    heads, fit, notes = some_heads(pairs, TRIED), asked.fit, []
    size = _window(heads) if asked.image_size is None else asked.image_size
    if fit is None:
        fit = "keep"
        shorter = median(min(head.height, head.width) for head in heads) if heads else 0
        if shorter > TOO_LARGE:
            fit = "letterbox"
            notes.append(
                f"The pictures are large ({shorter:,.0f} pixels on the shorter side): each is scaled as a whole to "
                f"{size[0]}x{size[1]} (letterbox). --fit keep trains on windows of them instead."
            )
        elif asked.image_size is None and size == (WINDOW, WINDOW) and any(_size(head) != size for head in heads):
            notes.append(
                f"Pictures keep their size; training sees windows of {WINDOW}x{WINDOW} of them. --image-size changes "
                "that, --fit scales pictures instead."
            )
    preprocessing, told = asked.coloured(pairs, heads, size)
    return replace(preprocessing, fit=fit), notes + told


def _window(heads: Sequence[Header]) -> tuple[int, int]:
    sizes = {_size(head) for head in heads}
    common = next(iter(sizes)) if len(sizes) == 1 else (WINDOW, WINDOW)
    return common if max(common) <= LARGEST_NATIVE else (WINDOW, WINDOW)


def _size(head: Header) -> tuple[int, int]:
    return head.height, head.width
