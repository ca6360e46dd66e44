"""Multi-scale training: for some batches images have one size, then another.

Source: Redmon & Farhadi 2016, arXiv:1612.08242, section 2: every 10 batches, of 320, 352, ... 608 where 416 is usual.
"""

import math

# Batches of one size, and what sides are multiples of.
EVERY = 10
STEP = 32
# The smallest and the largest size, beside the usual one.
SMALLEST, LARGEST = 0.75, 1.5

Size = tuple[int, int]


def sizes_around(usual: Size) -> tuple[Size, ...]:
    """(height, width) of all sizes, the smallest first; of about the shape of the usual one."""
    H, W = usual
    least, most = max(1, math.ceil(SMALLEST * W / STEP)), max(1, math.floor(LARGEST * W / STEP))
    return tuple((max(1, round(H * k / W)) * STEP, k * STEP) for k in range(least, max(least, most) + 1))
