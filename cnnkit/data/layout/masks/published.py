"""Published data sets whose masks need no list of classes: the order and the colours that their makers gave them."""

import re
from collections.abc import Iterable
from pathlib import Path

from cnnkit.data.layout.masks.class_table import ClassRow

# The eleven classes of CamVid as Badrinarayanan et al. 2015 (SegNet, arXiv:1511.00561) count them, and their void.
CAMVID = (
    *(("Sky", (128, 128, 128)), ("Building", (128, 0, 0)), ("Pole", (192, 192, 128)), ("Road", (128, 64, 128))),
    *(("Pavement", (60, 40, 222)), ("Tree", (128, 128, 0)), ("SignSymbol", (192, 128, 128)), ("Fence", (64, 64, 128))),
    *(("Car", (64, 0, 128)), ("Pedestrian", (64, 64, 0)), ("Bicyclist", (0, 128, 192)), ("Unlabelled", (0, 0, 0))),
)
# So many of CamVid's twelve values tell that masks are counted so.
ENOUGH_OF_CAMVID = 8
# Everingham et al. 2010, The Pascal Visual Object Classes challenge: the background and twenty classes.
VOC = (
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)
# What the borders around VOC's things are painted in.
VOC_BORDER = (224, 224, 192)
_VOC_NAME = re.compile(r"20\d\d_\d{6}")


def camvid_rows() -> list[ClassRow]:
    """CamVid's values, the void among them."""
    return [ClassRow(name, value, colour) for value, (name, colour) in enumerate(CAMVID)]


def looks_like_camvid(values: Iterable[int], *, learn: bool) -> bool:
    """Whether masks in folders such as trainannot hold CamVid's values.   learn: False for a few of its pictures."""
    found = set(values)
    known = found <= set(range(len(CAMVID)))
    return known and (not learn or (len(CAMVID) - 1 in found and len(found) >= ENOUGH_OF_CAMVID))


def looks_like_voc(names: Iterable[str]) -> bool:
    """Whether pictures are called as VOC's own are, year and number: others use its layout for classes of theirs."""
    return all(_VOC_NAME.fullmatch(Path(name).stem) for name in names)
