"""Classification: one label per image.

task           its loss and its answers
tally          what is counted over batches
measured       all that an evaluation tells
worst          the images that a network is most wrong about
class_weights  how much the images of a class count, where classes are of unequal size
"""

from cnnkit.tasks.classification.class_weights import balanced_weights
from cnnkit.tasks.classification.tally import ClassificationTally
from cnnkit.tasks.classification.task import ClassificationTask, Named
from cnnkit.tasks.own_loss import Loss

__all__ = ["ClassificationTally", "ClassificationTask", "Loss", "Named", "balanced_weights"]
