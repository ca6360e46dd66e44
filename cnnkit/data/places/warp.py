"""Where the points of an image lie in a bent one, which no six numbers can say: the second door for masks and boxes."""

from dataclasses import dataclass
from typing import final

import numpy as np
import numpy.typing as npt

from cnnkit.data.places.affine_map import kept_boxes
from cnnkit.data.targets import VOID, Boxes, Mask, Target

Places = npt.NDArray[np.float64]
# Steps of the search for a point's new place: each leaves less than half of the error where neighbours move alike.
STEPS = 20
# Points on each side of a box, for a bent side bulges.
ALONG = 9


@final
@dataclass(frozen=True, eq=False)
class Warp:
    """A net over the new image whose knots know their places in the old one; in a mesh, places are bilinear.

    rows, columns: (R,), (C,) int64, the pixel edges on which the knots lie, from 0 to H and from 0 to W.
    places: (R, C, 2) float64, x and y in pixels of the old image; pixel i covers i to i + 1.
    """

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    places: Places

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the new image, and of the old one."""
        return int(self.rows[-1]), int(self.columns[-1])

    def back(self, points: npt.ArrayLike) -> Places:
        """(…, 2): where points (x, y) of the new image lie in the old; beyond the net its last meshes go on."""
        x, y = np.moveaxis(np.asarray(points, np.float64), -1, 0)
        ix, u = _within(self.columns, x)
        iy, v = _within(self.rows, y)
        u, v = u[..., None], v[..., None]
        upper = self.places[iy, ix] * (1 - u) + self.places[iy, ix + 1] * u
        lower = self.places[iy + 1, ix] * (1 - u) + self.places[iy + 1, ix + 1] * u
        return np.asarray(upper * (1 - v) + lower * v)

    def points(self, points: npt.ArrayLike) -> Places:
        """(…, 2): where points (x, y) of the old image lie in the new, step by step by p = old - (back(p) - p)."""
        old = np.asarray(points, np.float64)
        new = old
        for _ in range(STEPS):
            new = new + old - self.back(new)
        return new

    def resampled(
        self, plane: npt.NDArray[np.uint8], outside: int | None = None, offset: int = 0
    ) -> npt.NDArray[np.uint8]:
        """(H, W) or (H, W, 3) of bytes: bilinear; with `outside`, each the one that lies there, or that number.

        offset: how much further down and to the right the old image lies in `plane`, which has room around it.
        """
        from PIL import Image

        H, W = self.size
        picture = Image.fromarray(plane)
        how = Image.Resampling.BILINEAR if outside is None else Image.Resampling.NEAREST
        new = picture.transform((W, H), Image.Transform.MESH, self._meshes(offset), how, fillcolor=outside or 0)
        return np.array(new, np.uint8)

    def _meshes(self, offset: int) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
        """(left, top, right, bottom) of each mesh, and the old places of its corners, as Pillow takes them."""
        # From the upper left corner against the clock.
        p = self.places + offset
        corners = np.concatenate([p[:-1, :-1], p[1:, :-1], p[1:, 1:], p[:-1, 1:]], axis=2)
        rows, columns = self.rows.tolist(), self.columns.tolist()
        return [
            ((columns[j], rows[i], columns[j + 1], rows[i + 1]), tuple(corner))
            for i, row in enumerate(corners.tolist())
            for j, corner in enumerate(row)
        ]


def warped(target: Target, warp: Warp) -> Target:
    """The target of an image that was bent: as `affine_map.moved`, with the same rules for what lies outside."""
    match target:
        case Mask(labels):
            return Mask(warp.resampled(labels, outside=VOID))
        case Boxes(corners, labels, crowd):
            kept, cut = kept_boxes(_around(corners, warp), warp.size)
            return Boxes(cut[kept].astype(np.float32), labels[kept], crowd[kept])
    return target


def warped_corners(corners: npt.NDArray[np.float32], warp: Warp) -> npt.NDArray[np.float32]:
    """As `affine_map.moved_corners`."""
    kept, cut = kept_boxes(_around(corners, warp), warp.size)
    return np.where(kept[:, None], cut, 0).astype(np.float32)


def _around(corners: npt.NDArray[np.float32], warp: Warp) -> Places:
    """(n, 4): the smallest upright boxes around the bent sides of each."""
    share = np.linspace(0, 1, ALONG)
    zero, one = np.zeros(ALONG), np.ones(ALONG)
    x = np.concatenate([share, share, zero, one])
    y = np.concatenate([zero, one, share, share])
    low, sides = corners[:, None, :2].astype(np.float64), (corners[:, None, 2:] - corners[:, None, :2])
    outline = warp.points(low + sides * np.stack([x, y], axis=1))
    return np.concatenate([outline.min(axis=1), outline.max(axis=1)], axis=1)


def _within(edges: npt.NDArray[np.int64], at: Places) -> tuple[npt.NDArray[np.int64], Places]:
    """(the mesh in which each number lies, how far within it: 0 to 1)."""
    mesh = np.clip(np.searchsorted(edges, at, side="right") - 1, 0, len(edges) - 2)
    return mesh, (at - edges[mesh]) / (edges[mesh + 1] - edges[mesh])
