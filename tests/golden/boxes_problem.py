"""Boxes, scores and maps that both sides of a comparison compute."""

import numpy as np
from formula import noise


def boxes(count: int, seed: int, *, size: float = 100.0) -> np.ndarray:
    """(count, 4) float32 corners around eight places, so that many overlap."""
    u = noise(4 * count, seed).reshape(count, 4)
    places = 0.5 + 0.35 * noise(16, seed + 1).reshape(8, 2)
    centres = places[np.arange(count) % 8] + 0.06 * u[:, :2]
    sides = 0.12 + 0.08 * u[:, 2:]
    return (size * np.concatenate([centres - sides / 2, centres + sides / 2], axis=1)).astype(np.float32)


def scores(count: int, seed: int, *, levels: int = 0) -> np.ndarray:
    """(count,) float32 within 0 and 1, of so many `levels` alone: many are equal."""
    u = (noise(count, seed) + 1) / 2
    return (np.round(u * levels) / levels if levels else u).astype(np.float32)


def numbers(shape: tuple[int, ...], seed: int, scale: float = 1.0) -> np.ndarray:
    """float64 within ±scale."""
    return scale * noise(int(np.prod(shape)), seed).reshape(shape)


def regions(count: int, images: int, seed: int) -> np.ndarray:
    """(count, 5) image and corners in a picture of 100 pixels; some of whole pixels, some that leave the picture."""
    corners = boxes(count, seed).astype(float)
    corners[1::3] = np.round(corners[1::3])
    corners[2::3] = 3 * corners[2::3] - 100
    return np.concatenate([(np.arange(count) % images)[:, None], corners], axis=1)


def anchors_and_boxes() -> tuple[np.ndarray, np.ndarray]:
    """200 anchors, and seven boxes: near an anchor each, but one that is far larger than any."""
    anchors = boxes(200, 100)
    found = anchors[::30] + numbers((7, 4), 101, 1.5).astype(np.float32)
    found[3] += np.float32([-11, -12, 12, 11])
    return anchors, found
