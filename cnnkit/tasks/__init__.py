"""What a network is trained for: its loss, how its output is read, how well it does. Models and data meet only here.

task            what a task tells, and what it gives to a step, a judge and a screen
tally           what a judge adds up, and what it comes to
metric          a number that tells how well a network does
measured        what an evaluation tells of any task
columns         records whose columns the task names
contest         several networks on the same images
own_loss        a loss that the caller gave
registry        every task by name, and the one place that builds them
classification  one label per image
segmentation    the class of each pixel
detection       what is in a picture, and where

The names are looked up when asked for, so that the command line can list tasks without importing numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnkit.tasks.classification import ClassificationTask as ClassificationTask
    from cnnkit.tasks.classification import balanced_weights as balanced_weights
    from cnnkit.tasks.detection import DetectionTask as DetectionTask
    from cnnkit.tasks.metric import Metric as Metric
    from cnnkit.tasks.segmentation import SegmentationTask as SegmentationTask
    from cnnkit.tasks.tally import Judgement as Judgement
    from cnnkit.tasks.tally import Tally as Tally
    from cnnkit.tasks.task import StepLoss as StepLoss
    from cnnkit.tasks.task import Task as Task

_LAZY = {
    "ClassificationTask": "classification",
    "DetectionTask": "detection",
    "Judgement": "tally",
    "Metric": "metric",
    "SegmentationTask": "segmentation",
    "StepLoss": "task",
    "Tally": "tally",
    "Task": "task",
    "balanced_weights": "classification",
}

__all__ = [
    "ClassificationTask",
    "DetectionTask",
    "Judgement",
    "Metric",
    "SegmentationTask",
    "StepLoss",
    "Tally",
    "Task",
    "balanced_weights",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
