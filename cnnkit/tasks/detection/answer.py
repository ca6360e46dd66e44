"""What a detector says of a picture: boxes in the picture's own pixels."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from PIL import Image

from cnnkit.data.picture.boxes import bright_colours, with_boxes
from cnnkit.data.sample import Pixels
from cnnkit.metrics.detection import FoundBoxes
from cnnkit.tasks.columns import Columned

# A box of a lower score is not shown, unless it is asked for.
SHOWN = 0.25


@final
@dataclass(frozen=True)
class Box:
    """One thing.   label: the name of its class, `index` its number.   score: from 0 to 1, how sure it is.

    box: x_min, y_min, x_max, y_max in pixels of the picture; pixel i covers i to i + 1.
    """

    label: str
    index: int
    score: float
    box: tuple[float, float, float, float]


@final
@dataclass(frozen=True)
class Detected(Columned):
    """The things in one picture.   boxes: by falling score.   classes: the names of all.

    size: (height, width) of the picture; None where it is not known.   least_score: boxes of a lower one are left out.
    """

    boxes: tuple[Box, ...]
    classes: tuple[str, ...] = field(repr=False)
    size: tuple[int, int] | None
    least_score: float

    def over(self, picture: Pixels) -> Image.Image:
        """The picture, uint8 (height, width, C), with the boxes drawn into it."""
        colours = bright_colours(len(self.classes))
        corners = np.array([box.box for box in self.boxes], np.float32).reshape(-1, 4)
        texts = [f"{box.label} {100 * box.score:.0f} %" for box in self.boxes]
        return with_boxes(picture, corners, texts, [colours[box.index] for box in self.boxes])

    def to_record(self) -> dict[str, Any]:
        height, width = self.size or (None, None)
        boxes = [
            {"label": box.label, "index": box.index, "score": box.score, "box": list(box.box)} for box in self.boxes
        ]
        return {"boxes": boxes, "height": height, "width": width, "least_score": self.least_score}


def detected(found: FoundBoxes, classes: Sequence[str], size: tuple[int, int] | None, least_score: float) -> Detected:
    """The answer that tells of these boxes."""
    told = zip(found.labels.tolist(), found.scores.tolist(), found.corners.tolist(), strict=True)
    boxes = tuple(Box(classes[label], label, score, tuple(corners)) for label, score, corners in told)
    return Detected(boxes, tuple(classes), size, least_score)
