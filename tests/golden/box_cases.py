"""Cases for the measures of detection: boxes by a random generator, with everything that is hard about them.

Equal scores, equal boxes, crowds, areas that are not those of the boxes, pictures without things or without answers,
classes that occur nowhere, and more than 100 boxes of a class. Corners are multiples of 1/8: overlaps are then often
equal, and often just a least one.
"""

import numpy as np

SIDE = 400


def case(number: int) -> dict:
    """{"classes": K, "pictures": [{"true": [[x0, y0, x1, y1, label, crowd, area], …], "found": [[…, score]]}]}."""
    rng = np.random.default_rng([0xB0C5, number])
    classes = int(rng.integers(1, 5))
    # Every eighth case has crowded pictures; few scores make ties.
    most = 130 if number % 8 == 0 else 12
    scores = np.round(rng.random(200), int(rng.integers(1, 5)))
    return {"classes": classes, "pictures": [_picture(rng, classes, most, scores) for _ in range(rng.integers(1, 5))]}


def _picture(rng, classes, most, scores):
    true = [_box(rng) for _ in range(rng.integers(0, 7))]
    found = [_near(rng, true) if true and rng.random() < 0.7 else _box(rng) for _ in range(rng.integers(0, most))]
    labels = rng.integers(0, classes, len(true) + len(found))
    if rng.random() < 0.5:
        labels[:] = labels[:1]
    told_true = []
    for box, label in zip(true, labels, strict=False):
        area = (box[2] - box[0]) * (box[3] - box[1]) * (rng.choice([0.5, 0.75]) if rng.random() < 0.3 else 1.0)
        told_true.append([*box, int(label), bool(rng.random() < 0.15), float(area)])
    told_found = [
        [*box, int(label), float(rng.choice(scores))] for box, label in zip(found, labels[len(true) :], strict=True)
    ]
    return {"true": told_true, "found": told_found}


def _box(rng):
    """Of any of the three ranges of areas, its ends among them."""
    sides = rng.choice([8, 16, 32, 32, 64, 96, 96, 200], 2) + rng.integers(-16, 17, 2) / 8 * rng.integers(0, 2)
    low = rng.integers(0, 8 * SIDE, 2) / 8
    return [float(value) for value in (*low, *(low + sides))]


def _near(rng, true):
    """A box that is there, or moved and stretched a little."""
    box = np.array(true[rng.integers(len(true))])
    low, sides = box[:2], box[2:] - box[:2]
    far = rng.choice([0.0, 0.1, 0.2, 0.5])
    low = np.round(8 * (low + far * sides * rng.uniform(-1, 1, 2))) / 8
    sides = np.maximum(1, np.round(8 * sides * (1 + far * rng.uniform(-1, 1, 2))) / 8)
    return [float(value) for value in (*low, *(low + sides))]
