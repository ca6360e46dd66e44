"""Numbers in names: resnet50_x0_25 has a quarter of the channels, fcn_resnet50_os16 every sixteenth pixel."""

import re

from cnnkit.errors import UsageError

# The end of a name: x, what stands before the point, and what stands behind it.
IN_A_NAME = r"_x(\d)_(\d{1,3})"

# What may stand behind it: the pixels of the image between two of the last map, where the network's own are not wanted.
OUTPUT_STRIDE_IN_A_NAME = r"(?:_os(?P<output_stride>4|8|16))?"


def width_in(name: str) -> float:
    """The number at the end of a name, 1 where there is none.

    Raises:
        UsageError: it is 0.
    """
    match = re.fullmatch(f"(.*){IN_A_NAME}", name)
    if match is None:
        return 1.0
    width = float(".".join(match.groups()[1:]))
    if width == 0:
        raise UsageError(f"{name} has no channels. Name a width above 0, such as {match[1]}_x0_25.")
    return width


def told(width: float) -> str:
    """What a summary says of a width."""
    return "." if width == 1 else f", of {width:g} times the channels."


def multiple_of_8(channels: float) -> int:
    """The nearest multiple of 8, or the next one where that would take away more than a tenth.

    Source: the authors' own code of MobileNet v2; see Sandler et al. 2018, arXiv:1801.04381, section 5.
    """
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8
