"""What the network says of the picture: classes with their scores, boxes, or a class for each pixel."""

from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from cnnkit.data.sample import Pixels
from cnnkit.engine.explain.explanation import Explanation
from cnnkit.pages.draw.data import address, jpeg, png

# Lines of an answer: of a thousand classes the rest are near 0.
MOST = 8
# The longer side of a photo in a page.
SIDE = 640


def answered(explanation: Explanation) -> dict[str, Any]:
    """{"kind": "classes" | "pixels" | "boxes" | "other", "lines": [(label, share, words)], "picture", "drawn"}."""
    answer = explanation.answer
    picture = explanation.picture
    facts: dict[str, Any] = {"kind": "other", "lines": [], "picture": file_of(picture), "drawn": None}
    if explanation.scores is not None:
        order = np.argsort(-explanation.scores, kind="stable")[:MOST].tolist()
        lines = [(explanation.classes[k], float(explanation.scores[k]), None) for k in order]
        return facts | {"kind": "classes", "lines": lines}
    if hasattr(answer, "mask"):
        mask = np.asarray(Image.fromarray(answer.mask).resize(picture.shape[1::-1], Image.Resampling.NEAREST))
        order = [k for k in np.argsort(-np.array(answer.shares), kind="stable").tolist() if answer.shares[k] > 0][:MOST]
        shares = [(answer.classes[k], float(answer.shares[k]), _hex(answer.colours[k])) for k in order]
        drawn = np.asarray(replace(answer, mask=mask).over(picture).convert("RGB"))
        return facts | {"kind": "pixels", "lines": shares, "drawn": file_of(drawn[: len(picture)])}
    if hasattr(answer, "boxes"):
        return facts | {"kind": "boxes", **_boxes(answer, picture)}
    return facts


def file_of(picture: Pixels, side: int = SIDE) -> str:
    """A picture as an address: exact where it is small, else a photo of at most `side` pixels."""
    H, W = picture.shape[:2]
    if max(H, W) <= 96:
        return address(png(picture))
    if max(H, W) > side:
        image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
        size = (max(1, round(W * side / max(H, W))), max(1, round(H * side / max(H, W))))
        picture = np.asarray(image.resize(size, Image.Resampling.BOX)).reshape(size[1], size[0], -1)
    return address(jpeg(picture))


def _boxes(answer: Any, picture: Pixels) -> dict[str, Any]:
    """The boxes drawn over the picture, which may be smaller than the one that was asked about."""
    H, W = picture.shape[:2]
    height, width = answer.size or (H, W)
    down, across = H / height, W / width
    scaled = [
        replace(box, box=(box.box[0] * across, box.box[1] * down, box.box[2] * across, box.box[3] * down))
        for box in answer.boxes
    ]
    drawn = np.asarray(replace(answer, boxes=tuple(scaled), size=(H, W)).over(picture).convert("RGB"))
    lines = [(box.label, float(box.score), None) for box in answer.boxes[:MOST]]
    return {"lines": lines, "drawn": file_of(drawn)}


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
