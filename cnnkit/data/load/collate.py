"""Stack images into the batch that a network reads: uint8 (H, W, C) to float32 (N, H, W, C), here and nowhere else."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnkit.data.sample import Labels, Pixels, Sample
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import ShapeError
from cnnkit.kernels import host

# What is to be learned of the images of a batch, of its samples: as a task's loss and its tally read it.
Collate = Callable[[Sequence[Sample]], Any]


def labels_of(samples: Sequence[Sample]) -> Labels:
    """(N,) int64: the class of each image."""
    return np.array([sample.target for sample in samples], np.int64)


def sizes_of(samples: Sequence[Sample]) -> Labels:
    """(N, 2) int64: height and width of each image."""
    return np.array([sample.image.shape[:2] for sample in samples], np.int64).reshape(-1, 2)


def collate(images: Sequence[Pixels], preprocessing: Preprocessing) -> npt.NDArray[np.float32]:
    """x = (pixel / 255 - mean) / std, as one multiply and one add per pixel.

    Images of unequal sizes, where pictures keep theirs, lie at the top and to the left; to the right of them and below
    x is 0 up to the largest of each side, and on to a multiple of `preprocessing.multiple`.

    Returns:
        (N, H, W, C) float32, contiguous, in an aligned buffer of the pool.
    """
    H, W, C = preprocessing.shape
    if preprocessing.keeps_size and images:
        _check(images, preprocessing)
        return _padded(images, preprocessing)
    pixels = stacked(images, preprocessing)
    x: npt.NDArray[np.float32] = host.empty((len(images), H, W, C))
    # A row of W·C numbers is long enough for numpy's inner loop, where C = 1 or 3 is not.
    _normalise(pixels.reshape(-1, W * C), *_scale_and_shift(preprocessing, W), out=x.reshape(-1, W * C))
    return x


def stacked(images: Sequence[Pixels], preprocessing: Preprocessing) -> Pixels:
    """(N, H, W, C) uint8: images of the network's size side by side, for whoever normalises them (`normal_of`)."""
    _check(images, preprocessing)
    return np.stack(images) if images else np.empty((0, *preprocessing.shape), np.uint8)


def normal_of(preprocessing: Preprocessing) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(C,) each: scale and shift, the very numbers of `collate`."""
    return _scale_and_shift(preprocessing, 1)


def _check(images: Sequence[Pixels], preprocessing: Preprocessing) -> None:
    H, W, C = preprocessing.shape
    for image in images:
        if image.shape != (H, W, C) and not (preprocessing.keeps_size and image.shape[2] == C):
            raise ShapeError(f"The network reads images of {(H, W, C)}, but one is {image.shape}. Prepare it first.")


def pixels_of(x: npt.NDArray[np.float32], preprocessing: Preprocessing) -> Pixels:
    """(N, H, W, C) uint8: the images of a batch again, by pixel = 255 · (x · std + mean)."""
    W, C = x.shape[2:]
    scale, shift = _scale_and_shift(preprocessing, W)
    # Row by row: beside a photo there is no room for another in floats.
    pixels = np.empty(x.shape, np.uint8)
    for row, bytes_ in zip(x.reshape(-1, W * C), pixels.reshape(-1, W * C), strict=True):
        bytes_[...] = np.clip(np.rint((row - shift) / scale), 0, 255)
    return pixels


def _padded(images: Sequence[Pixels], preprocessing: Preprocessing) -> npt.NDArray[np.float32]:
    m, C = preprocessing.multiple, preprocessing.channels
    H, W = (-(-max(image.shape[axis] for image in images) // m) * m for axis in (0, 1))
    x: npt.NDArray[np.float32] = host.empty((len(images), H, W, C))
    x.fill(0)
    scale, shift = _scale_and_shift(preprocessing, W)
    for n, image in enumerate(images):
        h, w = image.shape[:2]
        rows = x[n].reshape(H, W * C)[:h, : w * C]
        _normalise(image.reshape(h, w * C), scale[: w * C], shift[: w * C], out=rows)
    return x


def _normalise(
    pixels: Pixels,
    scale: npt.NDArray[np.float32],
    shift: npt.NDArray[np.float32],
    *,
    out: npt.NDArray[np.float32],
) -> None:
    np.multiply(pixels, scale, out=out, dtype=np.float32, casting="unsafe")
    out += shift


def _scale_and_shift(
    preprocessing: Preprocessing, width: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """(width · C,) each, for a row of pixels."""
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    scale = np.tile(1 / (255 * std), (width, 1)).astype(np.float32).ravel()
    return scale, np.tile(-mean / std, (width, 1)).astype(np.float32).ravel()
