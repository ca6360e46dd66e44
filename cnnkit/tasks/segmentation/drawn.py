"""A mask as files show it: a picture of class numbers with their colours, and the photo under it for people."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnkit.data.picture.overlay import Colour, below, legend, overlay
from cnnkit.data.sample import Pixels
from cnnkit.data.targets import VOID

Labels = npt.NDArray[np.uint8]
# Of pixels without a class, as PASCAL VOC draws its borders.
VOID_COLOUR = (224, 224, 192)
# A class of a smaller share of the picture is not in the legend.
LEAST_SHARE = 0.0005
# The text of a legend grows with the picture: a line for so many pixels of its shorter side.
LINES, LEAST_TEXT = 40, 13


def as_image(mask: Labels, colours: Sequence[Colour]) -> Image.Image:
    """The mask in Pillow's mode P: pixels are class numbers, the palette their colours; VOID is index 255."""
    image = Image.fromarray(mask).copy()
    palette = np.zeros((VOID + 1, 3), np.uint8)
    palette[: len(colours)] = np.array(colours, np.uint8).reshape(-1, 3)
    palette[VOID] = VOID_COLOUR
    image.putpalette(palette.tobytes())
    return image


def over(picture: Pixels, mask: Labels, classes: Sequence[str], colours: Sequence[Colour]) -> Image.Image:
    """The picture, uint8 (H, W, C), under its mask, and below it what the colours mean, with shares in percent."""
    counts = np.bincount(mask.ravel(), minlength=VOID + 1)[: len(classes)]
    shares = counts / max(1, counts.sum())
    shown = [k for k in np.argsort(-shares, kind="stable").tolist() if shares[k] >= LEAST_SHARE]
    height, width = mask.shape
    strip = legend(
        [f"{classes[k]} {100 * shares[k]:.1f} %" for k in shown],
        [colours[k] for k in shown],
        width,
        text_size=max(LEAST_TEXT, min(height, width) // LINES),
    )
    return below(Image.fromarray(overlay(picture, mask, colours)), strip)
