"""What ReSeg is compared on: weights in our names and layouts, images, labels with void. Both sides compute them."""

import numpy as np
from formula import direction, image, noise

CLASSES, VOID = 5, 255
# Neither side is a multiple of four.
SHAPE = (2, 37, 42, 3)


def weights(shapes: dict[str, list[int]]) -> dict[str, np.ndarray]:
    """float32, of a spread that keeps the size of what passes: inputs stand before outputs in every shape but the
    transposed (KH, KW, O, C)."""
    found = {}
    for seed, (name, shape) in enumerate(shapes.items()):
        u = np.resize(noise(int(np.prod(shape)), seed), shape)
        if len(shape) == 3:
            u = u * np.sqrt(3 / shape[1])
        elif len(shape) == 4:
            u = u * np.sqrt(6 / (shape[3] if name.startswith("up.") else np.prod(shape[:3])))
        found[name] = (0.2 * u if len(shape) == 1 else u).astype(np.float32)
    return found


def directions(shapes: dict[str, list[int]]) -> dict[str, np.ndarray]:
    return {name: direction(tuple(shape), seed) for seed, (name, shape) in enumerate(shapes.items())}


def images() -> np.ndarray:
    return image(SHAPE)


def labels() -> np.ndarray:
    """A tenth of the pixels is void."""
    drawn = np.floor((noise(int(np.prod(SHAPE[:3])), 5) + 1) * 5).astype(np.int64).reshape(SHAPE[:3])
    return np.where(drawn == 9, VOID, drawn % CLASSES)
