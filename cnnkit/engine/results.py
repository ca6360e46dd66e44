"""What the engine returns: frozen records, each with the JSON that scripts rely on."""

from dataclasses import asdict, dataclass
from typing import Any, final


@final
@dataclass(frozen=True)
class FitResult:
    """A finished run.

    checkpoint: the weights that were kept, and that top1 (share of the test images, 0 to 1) was measured with, once.
    seconds: training, validation and compiling together.  images_per_second: training steps alone.
    """

    run: str
    checkpoint: str
    epochs: int
    top1: float
    seconds: float
    images_per_second: float
    model: str
    data: str
    parameters: int
    best_epoch: int
    val_top1: float
    test_loss: float
    test_images: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@final
@dataclass(frozen=True)
class ClassScore:
    """One class of an evaluation, each number from 0 to 1; support: its images."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@final
@dataclass(frozen=True)
class EvaluateResult:
    """confusion[truth][answer] counts images; loss is the mean cross-entropy."""

    top1: float
    top5: float
    loss: float
    n: int
    per_class: tuple[ClassScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    classes: tuple[str, ...]
    model: str
    source: str
    data: str
    split: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@final
@dataclass(frozen=True)
class Prediction:
    """What the network says of one picture.  label: the class's name.  top: (name, score), best first."""

    path: str | None
    label: str
    index: int
    score: float
    top: tuple[tuple[str, float], ...]
    model: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"top": [list(pair) for pair in self.top]}


@final
@dataclass(frozen=True)
class PredictionError:
    """A picture that could not be read, and why."""

    path: str
    error: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
