"""All that a detector found, as COCO's tools read results."""

from collections.abc import Iterator, Sequence
from typing import Any

from cnnkit.data.sets.base import Dataset
from cnnkit.tasks.detection.tally import Judged


def coco_results(judged: Sequence[Judged], part: Dataset) -> list[dict[str, Any]]:
    """A record for each box: image_id, category_id, bbox (x, y, width, height), score.

    Pictures and classes have the numbers that their data gave them; else they are numbered from 1 on, in their order.
    """
    return list(_records(judged, part))


def _records(judged: Sequence[Judged], part: Dataset) -> Iterator[dict[str, Any]]:
    numbers = [part.coco_classes.get(name, place) for place, name in enumerate(part.classes, 1)]
    for picture in judged:
        image = part.coco_id(picture.index)
        found = picture.found
        told = zip(found.corners.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True)
        for (x_min, y_min, x_max, y_max), label, score in told:
            box = [x_min, y_min, x_max - x_min, y_max - y_min]
            yield {"image_id": image, "category_id": numbers[label], "bbox": box, "score": score}
