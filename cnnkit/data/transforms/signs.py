"""Do pictures look like text or digits? Such pictures change their meaning in a mirror: b becomes d, and 2 nothing.

A sign is drawn on plain ground and hardly coloured. Each picture is divided into ground and ink by Otsu's threshold,
the one that leaves the least variance within both sides; then three numbers tell signs from photos:

    contrast    share of the variance that the division explains     ink    share of the pixels, the smaller side
    bulk        share of the ink that is left when a fourteenth of the side is taken off its edges all around

Either the strokes are thin, or almost all pictures have just two levels. What was measured, medians but for `least`,
the contrast that nine of ten pictures have:

                                                        contrast  least       ink         bulk
    digits, also of 8 to 64 pixels, noisy, faint        .86-.93   .81-.91     .13-.20     .00-.11
    digits in bold or cut to their ink, bold letters    .88-.98   .86-.97     .24-.43     .12-.41
    printed letters, lines of text                      .91-.97   .89-.95     .06-.19     .00-.04
    small photos; street scenes; cells                  .71-.81   .60-.72     .29-.41     .03-.31
    pieces of clothing on black                         .92       .80         .36         .23
    digits of 8 to 16 pixels, cut to their ink          .84-.88   .80-.85     .28-.34     .06-.25
    photos of 8 to 16 pixels                              .73     .62-.64     .37-.38     .13-.38

In so few pixels a stroke is a fifth of the picture, so there contrast alone tells.

Source: Otsu 1979, A threshold selection method from gray-level histograms.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from cnnkit.data.sample import Pixels
from cnnkit.data.sets.base import Dataset
from cnnkit.errors import DataError

# Pictures that are looked at, and the side to which large ones are brought.
LOOKED_AT, SIDE = 64, 64
# Bounds between what was measured: for thin strokes on the medians; for two levels on what nine of ten have.
LEAST_CONTRAST, MOST_INK, MOST_BULK = 0.82, 0.28, 0.2
TWO_LEVELS, MOST_INK_OF_TWO = 0.85, 0.45
# Up to this side pictures are tiny.
TINY, CONTRAST_OF_TINY, LEAST_OF_TINY = 16, 0.8, 0.74
# Mean distance of a pixel from grey, in levels, that ink and paper may have.
MOST_COLOUR = 16.0


def look_like_signs(dataset: Dataset, seed: int) -> bool:
    """Whether pictures look like text or digits, by some that the seed draws; what cannot be read is passed over."""
    rng = np.random.default_rng([seed, 0x516E5])
    chosen = rng.choice(len(dataset), min(LOOKED_AT, len(dataset)), replace=False)
    found = [measured for index in sorted(chosen.tolist()) if (measured := _measured(dataset, index)) is not None]
    if not found:
        return False
    colour, contrast, ink, bulk = np.median(np.array(found), axis=0)
    least = np.percentile([measured[1] for measured in found], 10)
    thin = contrast >= LEAST_CONTRAST and ink <= MOST_INK and bulk <= MOST_BULK
    two_levels = least >= TWO_LEVELS and ink <= MOST_INK_OF_TWO
    tiny = max(dataset.preprocessing.shape[:2]) <= TINY
    plain = tiny and contrast >= CONTRAST_OF_TINY and least >= LEAST_OF_TINY and ink <= MOST_INK_OF_TWO
    return bool(colour <= MOST_COLOUR and (thin or two_levels or plain))


def _measured(dataset: Dataset, index: int) -> tuple[float, float, float, float] | None:
    """What is measured of one picture; None if it cannot be read, or is blank."""
    try:
        return measure(dataset[index].image)
    except DataError:
        return None


def measure(image: Pixels) -> tuple[float, float, float, float] | None:
    """(colour, contrast, ink, bulk) of an image, uint8 (H, W, C); None if it is blank."""
    C = image.shape[2]
    picture = Image.fromarray(np.ascontiguousarray(image[:, :, 0] if C == 1 else image))
    image = np.asarray(picture.reduce(max(1, min(picture.size) // SIDE)))
    colour = 0.0
    if C == 3:
        # The light may be coloured: what counts is how the pixels differ from the ground.
        channels = image - np.median(image, axis=(0, 1))
        colour, image = float(np.ptp(channels, axis=2).mean()), image.mean(axis=2).astype(np.uint8)
    threshold, contrast = _otsu(image)
    if contrast == 0:
        return None
    above = image > threshold
    ink = above if above.mean() <= 0.5 else ~above
    return colour, contrast, float(ink.mean()), float(_peeled(ink).sum() / ink.sum())


def _otsu(grey: Pixels) -> tuple[int, float]:
    """(the level that ends the darker side, share of the variance that lies between the sides)."""
    share = np.bincount(grey.ravel(), minlength=256) / grey.size
    below, sums = np.cumsum(share), np.cumsum(share * np.arange(256))
    variance = float(share @ (np.arange(256) - sums[-1]) ** 2)
    inside = (below > 0) & (below < 1)
    if not inside.any() or variance == 0:
        return 0, 0.0
    between = np.zeros(256)
    b = below[inside]
    between[inside] = (sums[-1] * b - sums[inside]) ** 2 / (b * (1 - b))
    threshold = int(between.argmax())
    return threshold, float(between[threshold] / variance)


def _peeled(ink: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The ink without its outermost pixels, a fourteenth of the side deep; beyond the border there is none."""
    for _ in range(max(1, round(min(ink.shape) / 14))):
        around = np.pad(ink, 1)
        ink = ink & around[:-2, 1:-1] & around[2:, 1:-1] & around[1:-1, :-2] & around[1:-1, 2:]
    return ink
