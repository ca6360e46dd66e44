"""Where the points of an image lie in a changed one, and what that does to masks and boxes: the one place for it."""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from cnnkit.data.targets import VOID, Boxes, Mask, Target

# A box of which less than this share is left within the new image, or less than a pixel, is no longer looked for.
LEAST_LEFT, LEAST_SIDE = 0.1, 1.0


class AffineMap(NamedTuple):
    """(x, y) -> (xx·x + xy·y + x0, yx·x + yy·y + y0), both in pixels: pixel i covers i to i + 1, its centre is i + 1/2.

    The six numbers stand as Pillow's `Image.transform` takes them, where they lead back from the new image to the old.
    """

    xx: float = 1.0
    xy: float = 0.0
    x0: float = 0.0
    yx: float = 0.0
    yy: float = 1.0
    y0: float = 0.0

    @classmethod
    def shift(cls, dx: float, dy: float) -> Self:
        """Everything lies dx further to the right, and dy further down."""
        return cls(1.0, 0.0, dx, 0.0, 1.0, dy)

    @classmethod
    def of_box(cls, box: tuple[float, float, float, float], size: tuple[int, int]) -> Self:
        """What makes an image of `size` (height, width) of what lies in the box (x_min, y_min, x_max, y_max)."""
        left, top, right, bottom = box
        x, y = size[1] / (right - left), size[0] / (bottom - top)
        return cls(x, 0.0, -left * x, 0.0, y, -top * y)

    def inverse(self) -> "AffineMap":
        """From the new image back to the old. Numbers that squeeze all points into a line have none."""
        xx, xy, x0, yx, yy, y0 = self
        d = xx * yy - xy * yx
        return AffineMap(yy / d, -xy / d, (xy * y0 - yy * x0) / d, -yx / d, xx / d, (yx * x0 - xx * y0) / d)

    def points(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """(…, 2) of (…, 2): where each point (x, y) lies."""
        x, y = np.moveaxis(np.asarray(points, np.float64), -1, 0)
        return np.stack([self.xx * x + self.xy * y + self.x0, self.yx * x + self.yy * y + self.y0], axis=-1)


def moved(target: Target, to_new: AffineMap, size: tuple[int, int], *, least_side: float = LEAST_SIDE) -> Target:
    """The target of an image after a change that took its points `to_new` places, in an image of `size` (H, W).

    A pixel of a mask takes the label at its centre's old place, VOID outside the old image, whatever the change of the
    image made up there. A box becomes the smallest that holds its corners, cut to the image; one of which too little
    is left is dropped. A class and a number stay.

    least_side: of a box, in pixels; 0 where the change is no loss to be learned from, but how a picture is read.
    """
    match target:
        case Mask(labels):
            return Mask(moved_plane(labels, to_new, size, VOID))
        case Boxes(corners, labels, crowd):
            kept, cut = kept_boxes(_around(corners, to_new), size, least_side)
            return Boxes(cut[kept].astype(np.float32), labels[kept], crowd[kept])
    return target


def moved_corners(
    corners: npt.NDArray[np.float32], to_new: AffineMap, size: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """(n, 4) of boxes (n, 4), each in its place by the rules of `moved`; one that is dropped is 0, 0, 0, 0."""
    kept, cut = kept_boxes(_around(corners, to_new), size)
    return np.where(kept[:, None], cut, 0).astype(np.float32)


def moved_plane(
    plane: npt.NDArray[np.uint8], to_new: AffineMap, size: tuple[int, int], outside: int
) -> npt.NDArray[np.uint8]:
    """(H, W) of bytes (h, w): each the one that lies at its centre's old place, nothing between two of them."""
    from PIL import Image

    H, W = size
    picture = Image.fromarray(plane)
    back = to_new.inverse()
    new = picture.transform((W, H), Image.Transform.AFFINE, back, Image.Resampling.NEAREST, fillcolor=outside)
    return np.array(new, np.uint8).reshape(size)


def _around(corners: npt.NDArray[np.float32], to_new: AffineMap) -> npt.NDArray[np.float64]:
    """(n, 4): the smallest upright boxes around the four moved corners of each."""
    four = to_new.points(corners[:, [[0, 1], [2, 1], [0, 3], [2, 3]]])
    return np.concatenate([four.min(axis=1), four.max(axis=1)], axis=1)


def kept_boxes(
    boxes: npt.NDArray[np.float64], size: tuple[int, int], least_side: float = LEAST_SIDE
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """(which of the moved boxes are kept, all of them cut to the image)."""
    H, W = size
    cut = np.clip(boxes, 0, [W, H, W, H])
    sides, whole = cut[:, 2:] - cut[:, :2], boxes[:, 2:] - boxes[:, :2]
    return (sides.min(axis=1) >= least_side) & (sides.prod(axis=1) >= LEAST_LEFT * whole.prod(axis=1)), cut
