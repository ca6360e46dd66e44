"""Classification: one label per image.

task           its loss and its answers
tally          what is counted over batches
class_weights  how much the images of a class count, where classes are of unequal size
"""

from cnnkit.tasks.classification.class_weights import balanced_weights
from cnnkit.tasks.classification.tally import ClassificationTally
from cnnkit.tasks.classification.task import ClassificationTask, Loss, Ranking

__all__ = ["ClassificationTally", "ClassificationTask", "Loss", "Ranking", "balanced_weights"]
