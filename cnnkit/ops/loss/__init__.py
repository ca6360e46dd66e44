"""Losses: one number that says how wrong the network is.

cross_entropy.py  for images of one label, or a label for each pixel     targets.py  labels and weights, checked
"""

from cnnkit.ops.loss.cross_entropy import cross_entropy

__all__ = ["cross_entropy"]
