"""Object detection: what is in a picture, and where.

task      what training asks of a network, and how its answers are read
targets   the boxes of a batch, to learn from and to judge by
proposals where a network is to look, if it looks nowhere else
places    where what a network found lies in the picture
tally     what is counted over pictures
measured  all that an evaluation tells
worst     the pictures that a network does worst on
contest   several detectors on the same pictures
answer    what it says of a picture
saved     all that it found, as COCO's tools read results
"""

from cnnkit.tasks.detection.answer import Box, Detected
from cnnkit.tasks.detection.task import DetectionTask

__all__ = ["Box", "Detected", "DetectionTask"]
