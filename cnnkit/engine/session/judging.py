"""How well a training does on a part of its data."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, final

from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.finetune.features import Features
from cnnkit.engine.run.state import Training
from cnnkit.engine.use.judge import judge, judge_batches
from cnnkit.errors import NumericError
from cnnkit.kernels.shared.array import Array
from cnnkit.tasks import Tally, Task


@final
@dataclass
class Judging:
    """Passes over the validation and the test part, which leave the training as it was.

    check: called before each batch and behind the last, to raise an end.
    refused: makes the error of a loss that is not finite.
    features: of the validation part, where a frozen trunk said all it has to say.
    """

    training: Training
    task: Task[Any]
    splits: DataSplits
    check: Callable[[], None]
    refused: Callable[[str], NumericError]
    features: Features | None = None

    def validation(self) -> Tally:
        """Of the present weights, or of their average where there is one."""
        return self._pass("val", "validation", self.training.judged_weights())

    def test(self) -> Tally:
        """Of the best weights."""
        return self._pass("test", "test", self.training.best_weights)

    def _pass(self, part: str, name: str, weights: Mapping[str, Array]) -> Tally:
        tally = self.task.tally()
        if self.features is not None and part == "val":
            judging = judge_batches(self.training.learner, self.features.batches(), tally, self.check)
        else:
            images, preprocessing = self.splits.part(part), self.splits.preprocessing
            judging = judge(self.task, self.training.module, images, preprocessing, tally, check=self.check)
        with self.training.holding(weights):
            for _ in judging:
                pass
        self.check()
        loss = tally.judgement().loss
        if not math.isfinite(loss):
            raise self.refused(f"The {name} loss is {loss} after step {self.training.progress.step:,}.")
        return tally
