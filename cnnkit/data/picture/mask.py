"""Read the file of a mask as it is: numbers or colours that have yet to become classes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnkit.data.picture.limits import default_max_pixels, room
from cnnkit.data.picture.modes import is_deep
from cnnkit.data.picture.orientation import turned
from cnnkit.data.picture.read import look, opened, told
from cnnkit.errors import DataError

Kind = Literal["palette", "grey", "colour"]
# Formats that keep each number. A WebP may or may not.
EXACT = ("PNG", "BMP", "DIB", "PPM", "GIF")


@final
@dataclass(frozen=True, eq=False)
class StoredMask:
    """values: (H, W), of "palette" and "grey" uint8, of "colour" uint32, red · 65536 + green · 256 + blue.

    palette: of "palette", the packed colour of each index.
    """

    kind: Kind
    values: npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
    palette: tuple[int, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        H, W = self.values.shape
        return H, W


def read_mask(path: str | Path) -> StoredMask:
    """The mask in a file, upright; nothing of its numbers is changed.

    A black and white file of one bit a pixel has the greys 0 and 255. 16 bits are read where all values fit into 8.

    Raises:
        DataError: it cannot be read, is stored in a format that does not keep exact numbers (JPEG), is transparent in
        places, or goes beyond 255.
    """
    name, limit = str(path), default_max_pixels()
    with told(name, limit), opened(path) as (picture, file):
        if picture.format not in EXACT:
            raise DataError(
                f"The mask {name} is a {picture.format} file, whose pixels differ from those that were saved: no class "
                "could be told. Save masks as PNG."
            )
        turn, needs = look(picture, file, name)
        # Beside the decoded pixels stand those in 32 bits.
        with room(needs.bytes + 8 * picture.width * picture.height):
            picture.load()
            return _stored(name, turned(picture, turn))


def _stored(name: str, picture: Image.Image) -> StoredMask:
    mode = picture.mode
    if mode in ("P", "PA"):
        colours = picture.getpalette("RGB") or []
        palette = tuple(_packed(*colours[k : k + 3]) for k in range(0, len(colours) - 2, 3))
        return StoredMask("palette", np.array(picture.getchannel(0), np.uint8), palette)
    if is_deep(mode):
        return StoredMask("grey", _within_bytes(name, picture))
    if mode in ("LA", "RGBA", "La", "RGBa"):
        low, high = picture.getchannel("A").getextrema()
        if low != high:
            raise DataError(f"The mask {name} is transparent in places. Save it without transparency.")
        picture = picture.convert("L" if mode.startswith("L") else "RGB")
    if picture.mode in ("1", "L"):
        return StoredMask("grey", np.array(picture.convert("L"), np.uint8))
    pixels = np.array(picture.convert("RGB"), np.uint8)
    values = np.zeros(pixels.shape[:2], np.uint32)
    for channel, shift in enumerate((16, 8, 0)):
        values |= pixels[:, :, channel].astype(np.uint32) << np.uint32(shift)
    return StoredMask("colour", values)


def _within_bytes(name: str, picture: Image.Image) -> npt.NDArray[np.uint8]:
    values = np.array(picture)
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= 255) or (values.dtype.kind == "f" and (values != np.rint(values)).any()):
        raise DataError(
            f"The mask {name} has values from {low:g} to {high:g}, expected whole numbers from 0 to 255, one for each "
            "class. Save it as a PNG of 8 bits."
        )
    return values.astype(np.uint8)


def _packed(red: int, green: int, blue: int) -> int:
    return red << 16 | green << 8 | blue
