"""What a network is trained for: its loss, how its output is read, how well it does. Models and data meet only here."""

from cnnkit.tasks.class_weights import balanced_weights
from cnnkit.tasks.classification import ClassificationTask
from cnnkit.tasks.task import Judgement, Phase, StepLoss, Tally, Task

__all__ = ["ClassificationTask", "Judgement", "Phase", "StepLoss", "Tally", "Task", "balanced_weights"]
