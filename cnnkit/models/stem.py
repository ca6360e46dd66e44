"""What a network does with the size of its images: when it begins gently, and when it refuses."""

from collections.abc import Sequence

from cnnkit.errors import ShapeError

# A shorter side below this is a small image: the stems for 224 pixels would leave a pixel or two of it.
SMALL = 64
SMALL_IMAGE = (32, 32)


def is_small(image_size: tuple[int, int]) -> bool:
    """Whether the stem for small images is due."""
    return min(image_size) < SMALL


def image_sizes(own: tuple[int, int]) -> list[tuple[int, int]]:
    """One (height, width) for each stem that a network made for images of this size may have; its own first."""
    return [own] if is_small(own) else [own, SMALL_IMAGE]


def refuse_below(stride: int, image_size: tuple[int, int]) -> None:
    """ShapeError if the network's total stride leaves less than one pixel of the image."""
    if min(image_size) < stride:
        raise ShapeError(
            f"Its strides divide the image by {stride}, which leaves nothing of {image_size[0]}x{image_size[1]}."
        )


def strides(published: Sequence[int], image_size: tuple[int, int]) -> list[int]:
    """The strides of a network's layers; on small images the first two that halve become 1."""
    halving = [layer for layer, stride in enumerate(published) if stride == 2]
    spared = halving[:2] if is_small(image_size) else []
    return [1 if layer in spared else stride for layer, stride in enumerate(published)]
