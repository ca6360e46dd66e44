"""What a page would look like without its ink: estimated on a thumbnail, however it is lit."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Plane = npt.NDArray[np.float32]
# Of the longer side: wider than any stroke.
WINDOW = 0.4


def paper_of(thumb: Plane, rounds: int = 8) -> Plane:
    """(H, W): the paper below bright ink: a smooth surface for the light, plus what is left of shadows."""
    surface = light(thumb, rounds)
    rest = Image.fromarray(thumb - surface)
    # A low level of a window is paper even if ink fills most of it. Beside a shadow it is too dark
    # for a third of the window; the maximum moves that edge back, whatever its direction.
    window = max(3, int(WINDOW * max(thumb.shape))) | 1
    rest = rest.filter(ImageFilter.RankFilter(window, int(0.15 * window * window)))
    rest = rest.filter(ImageFilter.MaxFilter(2 * max(1, round(0.35 * window)) + 1))
    return surface + blurred(np.array(rest, np.float32), 1)


def light(thumb: Plane, rounds: int) -> Plane:
    """(H, W): the quadratic surface through the paper, fitted again and again without what stands out as bright.

    surface = a + b x + c y + d x² + e x y + f y², least squares over the pixels still taken for paper.
    """
    H, W = thumb.shape
    y, x = np.meshgrid(np.linspace(-1, 1, H), np.linspace(-1, 1, W), indexing="ij")
    basis = [np.ones((H, W)), x, y, x * x, x * y, y * y]
    values = thumb.astype(np.float64)
    paper = np.ones((H, W))
    surface = np.zeros((H, W))
    for _ in range(rounds):
        # A little weight on the coefficients keeps the equations solvable where hardly any paper is left.
        normal = [[float((paper * p * q).sum()) + (1e-3 if p is q else 0) for q in basis] for p in basis]
        target = [float((paper * p * values).sum()) for p in basis]
        surface = sum((k * p for k, p in zip(np.linalg.solve(normal, target), basis, strict=True)), np.zeros((H, W)))
        rest = values - surface
        spread = float(np.median(np.abs(rest - np.median(rest))))
        paper = (rest < np.median(rest) + 2 * spread + 1).astype(np.float64)
    return surface.astype(np.float32)


def blurred(plane: Plane, radius: int) -> Plane:
    """The mean over squares of side 2·radius + 1, twice; borders repeated."""
    for axis in (0, 1, 0, 1):
        padded = np.concatenate(
            [plane.take([0], axis).repeat(radius + 1, axis), plane, plane.take([-1], axis).repeat(radius, axis)], axis
        )
        sums = np.cumsum(padded, axis, dtype=np.float64)
        upper = sums.take(np.arange(2 * radius + 1, sums.shape[axis]), axis)
        lower = sums.take(np.arange(0, sums.shape[axis] - 2 * radius - 1), axis)
        plane = ((upper - lower) / (2 * radius + 1)).astype(np.float32)
    return plane
