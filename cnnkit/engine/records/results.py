"""What the engine returns: frozen records, each with the JSON that scripts rely on."""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:  # the command line reads this file before it may load numpy
    from cnnkit.engine.records.events import EpochEnd
    from cnnkit.metrics import ScoreBin


@final
@dataclass(frozen=True)
class FitResult:
    """A finished run.

    checkpoint: the weights that were kept, and that top1 (share of the test images, 0 to 1) was measured with, once.
    seconds: training, validation and compiling together.  images_per_second: training steps alone.
    best_epoch, val_top1: of the weights that were kept: the best ones or, as keep says, the last.
    epochs: those that were judged; with a number of steps the last may have been cut short.
    stopped_early: `patience` ended it.   learned: whether all images of `overfit` are known by heart, None without.
    macro_f1, worst_class: on the test images; None for a task without classes, and in results of older versions.
    worst_f1, worst_images: of the class with the lowest F1 among those that have images.
    example: a picture to try the network on: of the test part, or the package's own of a digit; None if there is none.
    history: the EpochEnd of each epoch: its losses, accuracies, rate and seconds; the JSON leaves it to results.csv.
    notes: what was decided without being asked, and what the user should know; not in the JSON either.
    schedule, lr: of the learning rate, and its highest value; None in results of older versions.
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
    steps: int = 0
    stopped_early: bool = False
    keep: str = "best"
    learned: bool | None = None
    macro_f1: float | None = None
    worst_class: str | None = None
    worst_f1: float | None = None
    worst_images: int | None = None
    example: str | None = None
    history: "tuple[EpochEnd, ...]" = field(default=(), repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)
    schedule: str | None = None
    lr: float | None = None

    def to_json(self) -> dict[str, Any]:
        record = asdict(self)
        return {name: value for name, value in record.items() if name not in ("history", "notes")}

    def later_end(self) -> str:
        """What a later end makes of the learning rate when the run goes on, in a sentence; "" if that is unknown."""
        if self.schedule is None or self.lr is None:
            return ""
        if self.schedule == "constant":
            return f"The learning rate stays at {self.lr:g}."
        if self.stopped_early:
            return f"The {self.schedule} schedule then ends there."
        return f"A new cycle of the schedule ({self.schedule}) then begins, with learning rates up to {self.lr:g}."


@final
@dataclass(frozen=True)
class ClassScore:
    """One class of an evaluation, each share from 0 to 1.

    support: its images.   called: the images that were taken for it.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    called: int


@final
@dataclass(frozen=True)
class Mistake:
    """So many images of the class `truth` were taken for `answer`."""

    truth: str
    answer: str
    images: int


@final
@dataclass(frozen=True)
class TopLoss:
    """An image that the network is very wrong about.

    index: its place in the judged part.   path: its file, None where it has none.   score: that of the answer.
    """

    index: int
    path: str | None
    truth: str
    answer: str
    score: float
    loss: float


@final
@dataclass(frozen=True)
class DataChanges:
    """How the data differ from those of the training.

    gone, changed: images of the judged part that are left out.   new: images that the training did not know.
    """

    gone: int = 0
    changed: int = 0
    new: int = 0


@final
@dataclass(frozen=True)
class EvaluateResult:
    """How a network does on n images. Shares go from 0 to 1; loss is the mean cross-entropy.

    top1_low, top1_high: where the accuracy on endlessly many such images lies, with 95 % confidence.
    per_class: in the order of `classes`.   confusion[truth][answer] counts images; None for very many classes.
    mistakes: the most frequent ones.   mean_score: of the answers; above top1 it is too sure.
    calibration_error, reliability: over 15 bins of the score.
    top_losses: as many as were asked for.   sheet: the picture file that shows them.
    changes: since the training; None where they are other data, or nobody can tell.
    notes: what was judged, and what was left out; `cnnkit.evaluate` fills them in, and the JSON has none.
    The repr leaves the tables out.
    """

    top1: float
    top5: float
    loss: float
    n: int
    per_class: tuple[ClassScore, ...] = field(repr=False)
    confusion: tuple[tuple[int, ...], ...] | None = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)
    model: str
    source: str
    data: str
    split: str
    top1_low: float
    top1_high: float
    macro_f1: float
    balanced_accuracy: float
    mean_score: float
    calibration_error: float
    reliability: "tuple[ScoreBin, ...]" = field(repr=False)
    mistakes: tuple[Mistake, ...] = field(repr=False)
    top_losses: tuple[TopLoss, ...] = field(default=(), repr=False)
    sheet: str | None = None
    changes: DataChanges | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "notes"}


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
