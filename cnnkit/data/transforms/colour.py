"""Changes of colour: pure functions (sample, rng, ...) -> sample."""

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnkit.data.sample import Pixels, Sample

# Luma and the two axes of colour of NTSC's YIQ: rows of RGB weights.
YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
RGB = np.linalg.inv(YIQ)
LUMA = YIQ[0]


def colour_jitter(
    sample: Sample,
    rng: np.random.Generator,
    brightness: float = 0.4,
    contrast: float = 0.4,
    saturation: float = 0.4,
    hue: float = 0.0,
) -> Sample:
    """Change brightness, contrast, saturation and hue at once, each by a draw of its own; a grey image the first two.

    pixel -> b · (c · A · pixel + (1 - c) · m),   A scales the distance from grey by s and turns it by h

    b, c, s lie within 1 ± brightness, contrast, saturation; h within ± hue of a full turn in the plane of colours of
    YIQ; m is the image's mean luma. The result is rounded and cut to 0..255 once.

    Source: Howard 2013, arXiv:1312.5402, for brightness, contrast and colour in a training.
    """
    b, c, s = (1 + amount * (2 * rng.random() - 1) for amount in (brightness, contrast, saturation))
    turn = 2 * math.pi * hue * (2 * rng.random() - 1)
    grey = sample.image.shape[2] == 1
    mean = mean_pixel(sample.image)
    offset = b * (1 - c) * float(mean[0] if grey else LUMA @ mean)
    if grey:
        return sample.replace(image=_levels(sample.image, b * c, offset))
    return sample.replace(image=_mapped(sample.image, b * c * colour_map(s, turn), offset))


def colour_map(saturation: float, turn: float) -> npt.NDArray[np.float64]:
    """(3, 3): RGB to RGB with the same luma, the colour `saturation` times as strong and turned by an angle."""
    cosine, sine = saturation * math.cos(turn), saturation * math.sin(turn)
    return np.asarray(RGB @ np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]]) @ YIQ)


def mean_pixel(image: Pixels) -> npt.NDArray[np.float64]:
    """(C,): the mean of each channel."""
    H, W, C = image.shape
    # Down the columns first: there numpy adds long rows.
    columns = image.reshape(H, W * C).sum(axis=0, dtype=np.uint32)
    return np.asarray(columns.reshape(W, C).sum(axis=0) / (H * W))


def _levels(image: Pixels, factor: float, offset: float) -> Pixels:
    levels = np.clip(np.arange(256) * factor + offset + 0.5, 0, 255).astype(np.uint8)
    return np.take(levels, image)


def _mapped(image: Pixels, factors: npt.NDArray[np.float64], offset: float) -> Pixels:
    matrix = tuple(np.column_stack([factors, np.full(3, offset)]).ravel().tolist())
    return np.array(Image.fromarray(image).convert("RGB", matrix), np.uint8)
