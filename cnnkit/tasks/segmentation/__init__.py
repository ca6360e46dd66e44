"""Semantic segmentation: the class of each pixel.

task           what training asks of a network, and how its answers are read
losses         the losses to choose from, and classes that weigh more
border         the gaps between things that nearly touch count more
class_weights  how much the pixels of a class count, where classes are of unequal size
places         where a mask and the logits of a network lie on each other
tally          what is counted over batches
rand           whether regions are kept apart
measured       all that an evaluation tells
worst          the pictures that a network does worst on
contest        several networks on the same pictures
answer         what it says of a picture
crf            labels that follow the edges of the picture: the fully connected CRF
drawn          how files show that
"""

from cnnkit.tasks.segmentation.answer import Segmented
from cnnkit.tasks.segmentation.task import SegmentationTask

__all__ = ["SegmentationTask", "Segmented"]
