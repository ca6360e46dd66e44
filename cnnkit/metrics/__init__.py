"""Plain arrays in, numbers out."""

from cnnkit.metrics.classification import ClassScore, confusion, per_class, topk_accuracy, topk_correct
from cnnkit.metrics.running import Mean

__all__ = ["ClassScore", "Mean", "confusion", "per_class", "topk_accuracy", "topk_correct"]
