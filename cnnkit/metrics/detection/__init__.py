"""How well boxes are found.

boxes      the boxes of one picture: those that are there, and those that were found
overlap    how much two boxes overlap
matching   which box that was found is which that is there, as COCO has it
coco       COCO's precision and recall, and its twelve numbers
voc        PASCAL VOC's average precision, over the area or at eleven points
mixed      VOC's over a mixture of two networks' answers
errors     what is wrong with the boxes that are wrong, and with those that are missed
"""

from cnnkit.metrics.detection.boxes import FoundBoxes, TrueBoxes
from cnnkit.metrics.detection.coco import TWELVE, CocoCurves, CocoScore
from cnnkit.metrics.detection.errors import BoxErrors, box_errors
from cnnkit.metrics.detection.mixed import MixedVoc
from cnnkit.metrics.detection.overlap import box_overlaps
from cnnkit.metrics.detection.voc import VocScore, average_precision, eleven_points

__all__ = [
    "TWELVE",
    "BoxErrors",
    "CocoCurves",
    "CocoScore",
    "FoundBoxes",
    "MixedVoc",
    "TrueBoxes",
    "VocScore",
    "average_precision",
    "box_errors",
    "box_overlaps",
    "eleven_points",
]
