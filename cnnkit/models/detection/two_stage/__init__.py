"""Networks in two stages: where something may be, and then what it is and where exactly.

draws.py     the random numbers of a training step
regions.py   the second stage: what regions hold, which of them teach, the boxes that are found
rpn.py       the first stage of Faster R-CNN: a region proposal network
pyramid.py   maps of several sizes that all know what the last one does (FPN), and which of them a region is cut from
"""

from cnnkit.models.detection.two_stage.draws import Draws
from cnnkit.models.detection.two_stage.pyramid import LevelAlign, Pyramid
from cnnkit.models.detection.two_stage.regions import Proposals, RegionHead, RegionPool, dense_look
from cnnkit.models.detection.two_stage.rpn import Kept, RegionProposalNetwork

__all__ = [
    "Draws",
    "Kept",
    "LevelAlign",
    "Proposals",
    "Pyramid",
    "RegionHead",
    "RegionPool",
    "RegionProposalNetwork",
    "dense_look",
]
