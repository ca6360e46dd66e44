"""Task: what a training loop, a judge and a screen must know of the problem that a network solves."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, final

from cnnkit.autograd import Tensor
from cnnkit.data.load.batch import Batch
from cnnkit.data.picture.sheet import Tile
from cnnkit.data.sample import Pixels, Sample
from cnnkit.data.sets.base import Dataset
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import View
from cnnkit.errors import NumericError, UsageError
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.serialize.fields import Range
from cnnkit.tasks.measured import Measured
from cnnkit.tasks.metric import Metric
from cnnkit.tasks.tally import Judgement, Tally

if TYPE_CHECKING:
    from PIL.Image import Image

    from cnnkit.tasks.contest import Contest

Answer = TypeVar("Answer")
# A loss below this, and all answers right where there are right ones: then an image is known by heart.
KNOWN = 0.01


def _nothing() -> Mapping[str, float]:
    return {}


@final
@dataclass(frozen=True)
class StepLoss:
    """What one step in training measures.

    value: one number with a tape behind it, the mean over the batch.
    running: tells, for each of the task's `running` metrics, its sum over the images of the batch; the named parts of
    the loss are among them. It is asked when the loss is read, on a device some steps later, so that until then
    nobody waits for the outputs.
    """

    value: Tensor
    running: Callable[[], Mapping[str, float]] = _nothing


class Task(ABC, Generic[Answer]):
    """Abstract: a kind of problem. What hangs on no data belongs to the class: `tasks.registry` finds it by name.

    name: of the task, in options, records and folders.   summary: what it is, in a few words.
    metrics: of every judgement; the first one chooses the best epoch.   further: what only an evaluation measures.
    running: means over the training images of an epoch, the named parts of a loss among them ("loss_box").
    more: what a finished run adds about the test images, by name: kind, and range of a number; none of it is needed.
    known_from: of the first metric, on images that were learned on purpose (`overfit`): from there on they are known by
    heart. None: the loss tells it.
    networks: the kind of those that it takes, in `models.registry`.
    columns: of an answer, in a table of predictions.
    written: the files that show an answer, by name: how theirs end, behind the picture's own.
    worst: whether an evaluation names and draws the worst images.   saves: whether it can write all answers to a file.
    kept: what weight files keep of the task beside the names of the classes (`settings`), by name: kind and range.
    places: whether outputs are for each place of an image: a large one may then be computed in pieces.
    labelled: whether the target of an image is its class, whatever it looks like. Then what a frozen trunk says of the
    images may be kept.
    to_try: the name of data to try the task with, which need no files.
    takes: options that not every task knows what to do with ("label_smoothing", …), and "own_loss", the caller's.
    classes: the names of the data's classes.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]]
    further: ClassVar[tuple[Metric, ...]] = ()
    running: ClassVar[tuple[Metric, ...]] = ()
    more: ClassVar[Mapping[str, tuple[Any, Range | None]]] = {}
    known_from: ClassVar[float | None] = None
    networks: ClassVar[str] = "classification"
    columns: ClassVar[tuple[str, ...]]
    written: ClassVar[Mapping[str, str]] = {}
    worst: ClassVar[bool] = False
    saves: ClassVar[bool] = False
    kept: ClassVar[Mapping[str, tuple[Any, Range | None]]] = {}
    labelled: ClassVar[bool] = False
    places: ClassVar[bool] = False
    takes: ClassVar[tuple[str, ...]] = ()
    to_try: ClassVar[str | None] = None

    def __init__(self, classes: list[str]) -> None:
        self.classes = classes

    @classmethod
    def create(cls, classes: list[str], options: Mapping[str, Any], train: Dataset | None, loss: Any) -> Self:
        """The task of these classes.

        options: those of the training, by name, and the settings that a record kept; of a network in use these alone.
        train: the data that are learned from; None in use.   loss: of the caller, where the task takes one.
        """
        return cls(classes)

    @classmethod
    def learns_from(cls, train: Dataset) -> bool:
        """Whether the targets of these data are what the task learns."""
        return True

    @classmethod
    def better(cls, one: Judgement, other: Judgement | None) -> bool:
        """Whether `one` is better: by the first metric, or by the loss where that is equal; of two equals the first."""
        if other is None:
            return True
        first = cls.metrics[0]
        ours, theirs = first.goodness(one.values[first.name]), first.goodness(other.values[first.name])
        return (ours, -one.loss) > (theirs, -other.loss)

    @classmethod
    def by_heart(cls, judgement: Judgement) -> bool:
        """Whether images that were learned on purpose (`overfit`) are known as well as anybody could ask."""
        if cls.known_from is None:
            return judgement.loss < KNOWN
        return bool(judgement.values[cls.metrics[0].name] >= cls.known_from)

    @classmethod
    def not_by_heart(cls, judgement: Judgement) -> str:
        """What images that are not known so well lack, for a sentence."""
        if cls.known_from is None:
            return f"the loss is {judgement.loss:.3g}, not below {KNOWN}"
        return f"an {cls.metrics[0].label} of {100 * cls.known_from:.0f} % is wanted"

    @classmethod
    def answered(cls, values: Mapping[str, float], n: int) -> str:
        """How n images were answered, for a sentence."""
        return ", ".join(f"{metric.label} is {metric.text(values[metric.name])}" for metric in cls.metrics)

    @classmethod
    def told(cls, values: Mapping[str, float], images: str) -> str:
        """The same as a sentence on `images`: 2,000 test images."""
        return f"{images}: {cls.answered(values, 0)}."

    @property
    def outputs(self) -> int:
        """How many numbers the head gives for one image, or for one place in it: one a class, if not said otherwise."""
        return len(self.classes)

    @abstractmethod
    def loss(self, model: Module, batch: Batch) -> StepLoss:
        """The loss of one batch, in training."""

    def settings(self) -> Mapping[str, Any]:
        """What weight files keep of it, as `kept` names it: plain values, from which `create` makes the same task."""
        return {}

    @property
    def own_loss(self) -> str | None:
        """The name of a loss that the caller gave; None without."""
        return None

    @property
    def maps(self) -> int:
        """How many arrays of the size of the outputs a step has at once, where they are maps; 0: they are small."""
        return 0

    def rehearsed(self) -> "Task[Answer]":
        """What is rehearsed to find the kernels of a step: the same, but that nothing of the caller's is called."""
        return self

    def seen_by(self, module: Module, dataset: Dataset) -> Dataset:
        """The data as this network needs them, with what it is given beside images, unless that is there already."""
        return dataset

    def beside(self, module: Module, images: Sequence[Pixels], targets: Any = None) -> tuple[Host, ...]:
        """What a network in use is given beside images (N, H, W, C), each with a place for all N.

        images: uint8, as the network reads them.   targets: of data that are `seen_by` it; then they tell it.
        """
        return ()

    def settle(self, module: Module, part: Dataset, preprocessing: Preprocessing, kept: Any) -> Iterator[Any]:
        """What the network learns behind the last step, without a gradient: yields (phase, done, total); here nothing.

        part: what the steps learned from.   kept: `take` and `keep` of what is done, by name, until the training ends.
        """
        return iter(())

    @abstractmethod
    def targets(self, samples: Sequence[Sample]) -> Any:
        """What is to be learned of the images of a batch, as `loss` and the tally read it."""

    def lessons(self, samples: Sequence[Sample]) -> Any:
        """The same in training, where `loss` alone reads it."""
        return self.targets(samples)

    @abstractmethod
    def blank(self, shape: tuple[int, ...], size: int, *, mixed: bool = False) -> Batch:
        """A batch of zeros to rehearse with.   shape: of one image.   mixed: of images that are mixed in pairs."""

    def scores(self, outputs: Host) -> Host:
        """(N, K): the score of each class, where the task has one for an image."""
        raise UsageError(f"The task {self.name} gives no scores of classes. Ask for its predictions.")

    @abstractmethod
    def tally(self) -> Tally:
        """An empty count for one pass over a part of the data."""

    def whole_tally(self, worst: int = 0) -> Tally:
        """The same for an evaluation, which also wants what is `further`, and so many of the worst images."""
        return self.tally()

    def measured(self, tally: Tally, part: Dataset, *, top_losses: int = 0, source: str = "") -> Measured:
        """All that an evaluation tells of a pass over a part; at least its judgement.

        top_losses: how many of the worst images to name.   source: of the weights, for messages.
        """
        judgement = tally.judgement()
        if not math.isfinite(judgement.loss):
            raise NumericError(
                f"The answers of {source} are not finite numbers (NaN). Its weights are damaged, or from a training "
                "that failed: use others."
            )
        return Measured(values=judgement.values, loss=judgement.loss, n=judgement.n)

    def tiles(self, part: Dataset, row: Any, number: int, tally: Tally) -> list[Tile]:
        """One of the worst images as a sheet shows it, in one tile or in several side by side."""
        raise NotImplementedError(f"{type(self).__name__} draws no images")

    def saved(self, tally: Tally, part: Dataset) -> Any:
        """Every answer of an evaluation, as JSON of a form that other tools read."""
        raise NotImplementedError(f"{type(self).__name__} saves no answers")

    def captioned(self, sheet: "Image") -> "Image":
        """The sheet of the worst images, with what explains it, such as the meaning of colours."""
        return sheet

    @abstractmethod
    def decode(self, outputs: Host, views: Sequence[View | None], top: int) -> list[Answer]:
        """What the network says of each picture, read from its outputs; places are those of the picture.

        views: how each picture was brought to the network's size; None where no place in it can be told.
        top: how many guesses, where it has several.
        """

    def refines(self, shape: tuple[int, ...]) -> bool:
        """Whether outputs for images (N, H, W, C) are compared with them before they are read: `refined`.

        Raises:
            DataError: they are too large for that.
        """
        return False

    def refined(self, outputs: Host, images: Pixels) -> Host:
        """The outputs once the images (N, H, W, C), uint8, were looked at again."""
        return outputs

    def with_crf(self) -> "Task[Answer]":
        """The same task, whose outputs follow the edges of the pictures by a fully connected CRF."""
        raise UsageError(f"A CRF is for masks; the task {self.name} has none. Leave --crf out.")

    def from_score(self, least: float) -> "Task[Answer]":
        """The same task, whose answers leave out what has a lower score."""
        raise UsageError(f"A least score is for boxes; the task {self.name} has none. Leave --score out.")

    def contest(self, tallies: Sequence[Tally], rows: Sequence[Sequence[int]]) -> "Contest | None":
        """Several networks on the same images; None where the task cannot compare them.

        tallies: of whole parts (`whole_tally`), of this task and of networks with the same names of classes.
        rows: for each of them the same images in the same order, as places in its part.
        """
        return None

    def condensed(self, outputs: Host) -> Host:
        """What `decode` needs of the outputs for a piece of a large image: here all of them."""
        return outputs

    def files(self, answer: Answer, picture: Pixels) -> Mapping[str, bytes]:
        """What the files named in `written` hold.   picture: uint8 (height, width, C), upright and of its own size."""
        return {}
