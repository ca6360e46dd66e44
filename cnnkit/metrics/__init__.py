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
from cnnkit.metrics.paired import Paired, holm, mcnemar, paired_answers, paired_metric
from cnnkit.metrics.running import Mean
from cnnkit.metrics.segmentation import (
    PixelScore,
    foreground_rand,
    frequency_weighted_iou,
    mean_accuracy,
    mean_dice,
    mean_iou,
    pixel_accuracy,
    pixel_confusion,
    pixel_scores,
)

__all__ = [
    "Calibration",
    "ClassScore",
    "Mean",
    "Paired",
    "PixelScore",
    "ScoreBin",
    "balanced_accuracy",
    "calibration",
    "confusion",
    "foreground_rand",
    "frequency_weighted_iou",
    "hardest",
    "holm",
    "macro_f1",
    "mean_accuracy",
    "mean_dice",
    "mcnemar",
    "mean_iou",
    "mistakes",
    "paired_answers",
    "paired_metric",
    "per_class",
    "pixel_accuracy",
    "pixel_confusion",
    "pixel_scores",
    "topk_accuracy",
    "topk_correct",
    "wilson",
]
