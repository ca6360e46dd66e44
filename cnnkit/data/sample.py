"""One image with what is known about it."""

import dataclasses
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt

from cnnkit.data.places.affine_map import AffineMap, moved, moved_corners
from cnnkit.data.places.warp import Warp, warped, warped_corners
from cnnkit.data.targets import Target

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Corners = npt.NDArray[np.float32]


@final
@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """The picture that was brought to a network's size, as far as an answer is judged in it.

    size: (height, width).   target: as it is there, nothing of it lost.   to_image: where its points lie in the image.
    """

    size: tuple[int, int]
    target: Target
    to_image: AffineMap


@final
@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """An image, uint8 (H, W, C) with C = 1 (grey) or 3 (RGB), what is to be learned of it, and its file.

    path: None where images are no files of their own.
    turn: how often it was shown before, counted from 0 or 1 as chance will have it.
    origin: None where the image is the picture itself, or was changed since.
    proposals: (R, 4), where in the image things may be, of which nobody knows what they are: x_min, y_min, x_max, y_max
    as in `Boxes`, and 0, 0, 0, 0 in a place without any. None where nobody looked for them.
    """

    image: Pixels
    target: Target
    path: Path | None = None
    turn: int = 0
    origin: Origin | None = None
    proposals: Corners | None = None

    def replace(self, **changes: Any) -> "Sample":
        """The same sample with some fields changed; the original stays as it is."""
        return dataclasses.replace(self, **changes)

    def moved(self, image: Pixels, to_new: AffineMap | Warp) -> "Sample":
        """The same sample shown by a changed image, where its points lie at new places.

        Its target moves along, and so do its proposals.
        """
        target, proposals, size = self.target, self.proposals, image.shape[:2]
        if not isinstance(target, int):
            target = warped(target, to_new) if isinstance(to_new, Warp) else moved(target, to_new, size)
        if proposals is not None:
            proposals = (
                warped_corners(proposals, to_new)
                if isinstance(to_new, Warp)
                else moved_corners(proposals, to_new, size)
            )
        return Sample(image, target, self.path, self.turn, proposals=proposals)
