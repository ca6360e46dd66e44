"""All that a detector found, as COCO's tools read results."""

from collections.abc import Iterator, Sequence
from typing import Any

from cnnkit.tasks.detection.tally import Judged


def coco_results(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """A record for each box: image_id, category_id, bbox (x, y, width, height), score.

    Pictures and classes are numbered from 1 on, in their order in the part that was judged, and among its classes.
    """
    return list(_records(judged))


def _records(judged: Sequence[Judged]) -> Iterator[dict[str, Any]]:
    for picture in judged:
        found = picture.found
        told = zip(found.corners.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True)
        for (x_min, y_min, x_max, y_max), label, score in told:
            box = [x_min, y_min, x_max - x_min, y_max - y_min]
            yield {"image_id": picture.index + 1, "category_id": label + 1, "bbox": box, "score": score}
