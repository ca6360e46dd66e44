"""Stack images into the batch that a network reads: uint8 (H, W, C) to float32 (N, H, W, C), here and nowhere else."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnkit.data.sample import Labels, Pixels, Sample
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.errors import ShapeError
from cnnkit.kernels.cpu.machine import buffers

# What is to be learned of the images of a batch, of its samples: as a task's loss and its tally read it.
Collate = Callable[[Sequence[Sample]], Any]


def labels_of(samples: Sequence[Sample]) -> Labels:
    """(N,) int64: the class of each image."""
    return np.array([sample.target for sample in samples], np.int64)


def collate(images: Sequence[Pixels], preprocessing: Preprocessing) -> npt.NDArray[np.float32]:
    """x = (pixel / 255 - mean) / std, as one multiply and one add per pixel.

    Returns:
        (N, H, W, C) float32, contiguous, in an aligned buffer of the pool.
    """
    H, W, C = preprocessing.shape
    for image in images:
        if image.shape != (H, W, C):
            raise ShapeError(f"The network reads images of {(H, W, C)}, but one is {image.shape}. Prepare it first.")
    pixels = np.stack(images) if images else np.empty((0, H, W, C), np.uint8)
    scale, shift = _scale_and_shift(preprocessing)
    x: npt.NDArray[np.float32] = buffers.empty((len(images), H, W, C))
    # A row of W·C numbers is long enough for numpy's inner loop, where C = 1 or 3 is not.
    rows = x.reshape(-1, W * C)
    np.multiply(pixels.reshape(-1, W * C), scale, out=rows, dtype=np.float32, casting="unsafe")
    rows += shift
    return x


def _scale_and_shift(preprocessing: Preprocessing) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    mean, std = np.array(preprocessing.mean), np.array(preprocessing.std)
    row = (preprocessing.width, 1)
    scale = np.tile(1 / (255 * std), row).astype(np.float32).ravel()
    return scale, np.tile(-mean / std, row).astype(np.float32).ravel()
