"""What the engine returns: frozen records, each with the JSON that scripts rely on."""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, final

from cnnkit.tasks.columns import Columned, Values, columns
from cnnkit.tasks.measured import Measured
from cnnkit.tasks.registry import DEFAULT

if TYPE_CHECKING:
    from cnnkit.engine.records.events import EpochEnd


@final
@dataclass(frozen=True, repr=False)
class FitResult(Columned):
    """A finished run.

    checkpoint: the weights that were kept, and that the test images were judged with, once.
    test, val: the task's metrics on the test images, and on the validation images by the weights that were kept. They
    are read as columns: of a classifier result.top1 and result.val_top1, shares from 0 to 1.
    seconds: training, validation and compiling together.  images_per_second: training steps alone.
    best_epoch: of the weights that were kept: the best ones or, as keep says, the last.
    epochs: those that were judged; with a number of steps the last may have been cut short.
    stopped_early: `patience` ended it.   learned: whether all images of `overfit` are known by heart, None without.
    more: what the task adds of the test images. A classifier: macro_f1 and, of the class with the lowest F1 among those
    that have images, worst_class, worst_f1, worst_images; None in results of older versions.
    example: a picture to try the network on: of the test part, or the package's own of a digit; None if there is none.
    history: the EpochEnd of each epoch: its losses, accuracies, rate and seconds; the JSON leaves it to results.csv.
    notes: what was decided without being asked, and what the user should know; not in the JSON either.
    schedule, lr: of the learning rate, and its highest value; None in results of older versions.
    """

    run: str
    checkpoint: str
    epochs: int
    test: Values = field(metadata=columns())
    seconds: float
    images_per_second: float
    model: str
    data: str
    parameters: int
    best_epoch: int
    val: Values = field(metadata=columns("val_"))
    test_loss: float
    test_images: int
    steps: int = 0
    stopped_early: bool = False
    keep: str = "best"
    learned: bool | None = None
    more: Values = field(default_factory=dict, metadata=columns())
    example: str | None = None
    history: "tuple[EpochEnd, ...]" = field(default=(), repr=False)
    notes: tuple[str, ...] = field(default=(), repr=False)
    schedule: str | None = None
    lr: float | None = None
    task: str = DEFAULT

    def to_json(self) -> dict[str, Any]:
        record = self.to_record()
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
class DataChanges:
    """How the data differ from those of the training.

    gone, changed: images of the judged part that are left out.   new: images that the training did not know.
    """

    gone: int = 0
    changed: int = 0
    new: int = 0


@final
@dataclass(frozen=True, kw_only=True, repr=False)
class EvaluateResult(Columned):
    """How a network does on a part of data: what its task measured, and of what.

    measured: all of it, read as if it stood here: result.top1, result.per_class, result.loss, result.n.
    sheet: the picture file that shows the images with the highest loss.
    changes: since the training; None where they are other data, or nobody can tell.
    notes: what was judged, and what was left out; `cnnkit.evaluate` fills them in, and the JSON has none.
    The repr leaves the tables out.
    """

    measured: Measured = field(metadata=columns())
    model: str
    source: str
    data: str
    split: str
    task: str = DEFAULT
    sheet: str | None = None
    changes: DataChanges | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in self.to_record().items() if name != "notes"}


@final
@dataclass(frozen=True, repr=False)
class Prediction(Columned):
    """What the network says of one picture.

    answer: the task's, read as if it stood here. A classifier's has label, index, score and top.
    files: that were written to show it, by name; `cnnkit predict` writes them for tasks that have some.
    """

    path: str | None
    answer: Any = field(metadata=columns())
    model: str
    files: Values = field(default_factory=dict, metadata=columns())

    def to_json(self) -> dict[str, Any]:
        return self.to_record()


@final
@dataclass(frozen=True)
class PredictionError:
    """A picture that could not be read, and why."""

    path: str
    error: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
