"""Plain arrays in, numbers out."""

from cnnkit.metrics.calibration import Calibration, ScoreBin, calibration
from cnnkit.metrics.classification import (
    ClassScore,
    balanced_accuracy,
    confusion,
    macro_f1,
    mistakes,
    per_class,
    topk_accuracy,
    topk_correct,
)
from cnnkit.metrics.hardest import hardest
from cnnkit.metrics.interval import wilson
from cnnkit.metrics.running import Mean

__all__ = [
    "Calibration",
    "ClassScore",
    "Mean",
    "ScoreBin",
    "balanced_accuracy",
    "calibration",
    "confusion",
    "hardest",
    "macro_f1",
    "mistakes",
    "per_class",
    "topk_accuracy",
    "topk_correct",
    "wilson",
]
