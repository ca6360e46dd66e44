"""Record COCO's twelve numbers as pycocotools computes them: `python tests/golden/record_coco_scores.py`.

Wants pycocotools; the tests do not. Writes coco_scores.json: the twelve numbers of the cases of box_cases.py by their
numbers, -1 where there is nothing to say. `--compare N` compares our numbers with those of N other cases instead.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import numpy as np
from box_cases import case
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

FILE = Path(__file__).with_name("coco_scores.json")
CASES = 200


def twelve(drawn: dict) -> list[float]:
    """What pycocotools says of a case."""
    truths, answers = COCO(), COCO()
    pictures = [{"id": n} for n, _ in enumerate(drawn["pictures"])]
    categories = [{"id": k} for k in range(drawn["classes"])]
    # Numbers of boxes from 1 on: 0 means to pycocotools that there is none.
    true, found = [], []
    for n, picture in enumerate(drawn["pictures"]):
        for x0, y0, x1, y1, label, crowd, area in picture["true"]:
            box = {"id": len(true) + 1, "image_id": n, "category_id": label, "bbox": [x0, y0, x1 - x0, y1 - y0]}
            true.append({**box, "iscrowd": int(crowd), "area": area})
        for x0, y0, x1, y1, label, score in picture["found"]:
            w, h = x1 - x0, y1 - y0
            box = {"id": len(found) + 1, "image_id": n, "category_id": label, "bbox": [x0, y0, w, h], "area": w * h}
            found.append({**box, "iscrowd": 0, "score": score})
    for coco, boxes in ((truths, true), (answers, found)):
        coco.dataset = {"images": pictures, "categories": categories, "annotations": boxes}
        with contextlib.redirect_stdout(io.StringIO()):
            coco.createIndex()
    with contextlib.redirect_stdout(io.StringIO()):
        judge = COCOeval(truths, answers, "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return [float(value) for value in judge.stats]


def compare(cases: int) -> None:
    """Ours must be equal to the last digit."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from metrics.detection.drawn import score_of

    differ = 0
    for number in range(CASES, CASES + cases):
        drawn = case(number)
        ours = [-1.0 if value is None else value for value in score_of(drawn).values().values()]
        differ += ours != twelve(drawn)
    print(f"{cases:,} cases, {differ:,} differ")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--compare"]:
        compare(int(sys.argv[2]))
    else:
        recorded = [twelve(case(number)) for number in range(CASES)]
        assert np.isfinite(recorded).all()
        FILE.write_text(json.dumps(recorded, separators=(",", ":")).replace("],[", "],\n[") + "\n")
