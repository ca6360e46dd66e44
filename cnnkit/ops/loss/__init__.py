"""Losses: one number that says how wrong the network is.

cross_entropy.py  how surprised it is by the labels      focal.py    a cross-entropy that weighs down what is known
dice.py           how little maps of classes overlap     targets.py  labels and weights, checked
"""

from cnnkit.ops.loss.cross_entropy import cross_entropy
from cnnkit.ops.loss.dice import dice_loss
from cnnkit.ops.loss.focal import focal_loss

__all__ = ["cross_entropy", "dice_loss", "focal_loss"]
