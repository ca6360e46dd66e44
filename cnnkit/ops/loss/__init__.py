"""Losses: one number that says how wrong the network is.

cross_entropy.py  how surprised it is by the labels      focal.py      a cross-entropy that weighs down what is known
dice.py           how little maps of classes overlap     binary.py     yes or no, each number for itself
distance.py       how far boxes lie from theirs          reduction.py  from many losses to one
targets.py        labels and weights, checked
"""

from cnnkit.ops.loss.binary import binary_cross_entropy, sigmoid_focal_loss
from cnnkit.ops.loss.cross_entropy import cross_entropy
from cnnkit.ops.loss.dice import dice_loss
from cnnkit.ops.loss.distance import giou_loss, smooth_l1_loss
from cnnkit.ops.loss.focal import focal_loss

__all__ = [
    "binary_cross_entropy",
    "cross_entropy",
    "dice_loss",
    "focal_loss",
    "giou_loss",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
]
