"""A picture's segments: how large each is, the box around it, its colours and textures, and which touch each other."""

from typing import NamedTuple

import numpy as np

from cnnkit import kernels
from cnnkit.kernels.shared.array import Host
from cnnkit.kernels.shared.regions import FORWARD
from cnnkit.models.detection.proposals.filters import TEXTURE_BINS

COLOUR_BINS = 25


class Regions(NamedTuple):
    """What `kernels.group_regions` merges.

    pixels: (R,) int64.   boxes: (R, 4) int32.   colours: (R, 3, 25) int32.   textures: (R, 24, 10) int32.
    pairs: (P, 2) int32, neighbours, each pair once in rising order.
    """

    pixels: Host
    boxes: Host
    colours: Host
    textures: Host
    pairs: Host


def regions_of(labels: Host, colours: Host, textures: Host) -> Regions:
    """What is known of the segments (H, W) of a picture, from the bins of its colours and textures (H, W, C)."""
    k, count = kernels.of(labels), int(labels.max()) + 1
    return Regions(
        np.bincount(labels.ravel(), minlength=count),
        boxes_around(labels, count),
        k.region_histograms(labels, colours, count, COLOUR_BINS),
        k.region_histograms(labels, textures, count, TEXTURE_BINS),
        neighbours(labels),
    )


def colour_bins(x: Host) -> Host:
    """Twenty-five equal parts of 0 to 255, of every channel: uint8."""
    return np.clip(x * np.float32(COLOUR_BINS / 255), 0, COLOUR_BINS - 1).astype(np.uint8)


def boxes_around(labels: Host, count: int) -> Host:
    """(count, 4) int32: x_min, y_min, x_max, y_max, half-open."""
    H, W = labels.shape
    y, x = np.indices((H, W))
    boxes = np.empty((count, 4), np.int32)
    for column, (place, least) in enumerate([(x, True), (y, True), (x, False), (y, False)]):
        found = np.full(count, max(H, W) if least else 0, np.int32)
        (np.minimum if least else np.maximum).at(found, labels.ravel(), place.ravel().astype(np.int32) + (not least))
        boxes[:, column] = found
    return boxes


def neighbours(labels: Host) -> Host:
    """(P, 2) int32: labels of pixels that touch each other, also at a corner; each pair once, the lower label first."""
    H, W = labels.shape
    found = []
    for down, right in FORWARD:
        here = labels[: H - down, max(0, -right) : W - max(0, right)]
        there = labels[down:, max(0, right) : W + min(0, right)]
        differ = here != there
        found.append(np.sort(np.stack([here[differ], there[differ]], axis=1), axis=1))
    pairs = np.concatenate(found).astype(np.int64)
    count = int(labels.max(initial=0)) + 1
    return np.stack(np.divmod(np.unique(pairs[:, 0] * count + pairs[:, 1]), count), axis=1).astype(np.int32)
