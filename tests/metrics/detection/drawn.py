"""The cases of tests/golden/box_cases.py as boxes of ours."""

import numpy as np

from cnnkit.metrics.detection import CocoScore, FoundBoxes, TrueBoxes


def boxes_of(picture: dict) -> tuple[FoundBoxes, TrueBoxes]:
    true, found = np.array(picture["true"]).reshape(-1, 7), np.array(picture["found"]).reshape(-1, 6)
    return (
        FoundBoxes(found[:, :4].astype(np.float32), found[:, 5], found[:, 4].astype(np.int64)),
        TrueBoxes(true[:, :4].astype(np.float32), true[:, 4].astype(np.int64), true[:, 5] > 0, true[:, 6]),
    )


def score_of(case: dict) -> CocoScore:
    score = CocoScore(case["classes"])
    for picture in case["pictures"]:
        score.add(*boxes_of(picture))
    return score
