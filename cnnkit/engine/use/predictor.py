"""Predictor: a trained network with its own preprocessing and the names of its classes."""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, final

import numpy as np

from cnnkit.autograd import Tensor, no_grad
from cnnkit.data.given import pictures as given
from cnnkit.data.load.collate import collate
from cnnkit.data.picture.read import Source
from cnnkit.data.sample import Pixels
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.data.view.view import View, load_view
from cnnkit.engine.explain.explain import explain
from cnnkit.engine.explain.explanation import Explanation
from cnnkit.engine.explain.picture import prepared
from cnnkit.engine.explain.station import SHOWN
from cnnkit.engine.records.results import Prediction, PredictionError
from cnnkit.engine.use.inside import named_result, reaching_head, subject_of
from cnnkit.engine.use.judge import batch_for, outputs_of
from cnnkit.engine.use.large import Tell, Way, nothing, way
from cnnkit.errors import DataError, NumericError, UsageError
from cnnkit.graph import Planned
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.nn.module import blank
from cnnkit.nn.outputs import Nest, concatenated, is_array, leaves, mapped
from cnnkit.tasks import Task
from cnnkit.tasks.registry import create

# One picture, several in a list or one after another, or all in one array.
Pictures = Source | Iterable[Source]
# A picture as the network reads it, and how it lies in there.
Viewed = tuple[Pixels, View | None]


@final
class Predictor:
    """Answers what is in a picture. Many threads may ask at once: nothing in it changes.

    module: the network.   planned: the same ready for use, which is what answers.
    name: of the network.   source: where its weights came from.   record: all that the weight file says of itself.
    folder: of the run that the weight file is in; None where it is in none.
    file: that the weights are in, and nothing else; None where it is not one of ours.
    notes: what the user should know of how it was chosen.   task: by default what the record says.
    """

    def __init__(
        self,
        module: Module,
        preprocessing: Preprocessing,
        classes: list[str],
        name: str,
        *,
        source: str = "",
        record: dict[str, Any] | None = None,
        folder: Path | None = None,
        file: Path | None = None,
        notes: tuple[str, ...] = (),
        task: Task[Any] | None = None,
    ) -> None:
        self.module = module.eval()
        self.planned = Planned(self.module)
        self.preprocessing, self.classes, self.name = preprocessing, classes, name
        self.source, self.record, self.folder, self.file, self.notes = source, record or {}, folder, file, notes
        if task is None:
            task = create(self.record.get("task"), classes, settings=self.record.get("settings"))
        self.task = task

    @property
    def precision(self) -> str | None:
        """How exact the convolutions of its training were, for `kernels.use`; None where its file does not say.

        Also after a training in TF32: that is a way to be faster, and whoever judges or asks chooses anew.
        """
        kept = self.record.get("precision")
        return None if kept == "tf32" else kept

    def __repr__(self) -> str:
        H, W, C = self.preprocessing.shape
        source = f", from {self.source}" if self.source else ""
        return f"Predictor({self.name}, {len(self.classes)} classes, {H}x{W} {'grey' if C == 1 else 'RGB'}{source})"

    def with_crf(self) -> "Predictor":
        """The same network, whose masks follow the edges of the picture, by the fully connected CRF of DeepLab."""
        twin = copy.copy(self)
        twin.task = self.task.with_crf()
        return twin

    def from_score(self, least: float) -> "Predictor":
        """The same network, whose boxes are those with a score of at least this."""
        twin = copy.copy(self)
        twin.task = self.task.from_score(least)
        return twin

    def predict(self, picture: Source, top: int = 5) -> Prediction:
        """What is in one picture: a file, its bytes, a Pillow image, or an array (H, W), (H, W, C) or (C, H, W).

        Whichever it comes as, the same picture gets the same answer. An array of the very size and channels of the
        network's images is taken for one of the data set's own; anything else goes through the preprocessing. Arrays
        are uint8, or numbers as in the data that the network was trained on.
        """
        path = str(picture) if isinstance(picture, str | Path) else None
        return self._answer([self._view(picture)], [path], _checked(top))[0]

    def predict_many(
        self, pictures: Pictures, top: int = 5, *, tell: Tell = nothing
    ) -> Iterator[Prediction | PredictionError]:
        """An answer for each picture, in order; one that cannot be read gets a PredictionError and stops no other.

        tell: called with (done, in all) before each piece of a picture that is computed in pieces.
        """
        _checked(top)
        waiting = (self._try(picture) for picture in self._one_by_one(pictures))
        while some := list(islice(waiting, batch_for(self.preprocessing))):
            yield from self._answers(some, top, tell)

    def predict_proba(self, pictures: Pictures) -> Host:
        """(N, K) float32: the score of each class for each picture, as softmax gives them; a row sums to 1.

        The columns are in the order of `classes`. One picture is N = 1.

        Args:
            pictures: an array (n, H, W), (n, H, W, C) or (n, C, H, W), or paths, bytes, Pillow images, arrays in a
                list; or one of these.

        Raises:
            DataError: a picture cannot be read; the message says which one. `predict_many` goes on behind it.
            UsageError: the task has no scores of a whole picture.
        """
        if self.task.places:
            raise UsageError(
                f"The task {self.task.name} has a class for each pixel, and no scores of a whole picture. "
                "predict(picture).mask has the classes, and its shares how much of the picture is of each."
            )
        return self.scores(self._images(pictures))

    def scores(self, images: Iterable[Pixels]) -> Host:
        """`predict_proba` of images that are as the network reads them, uint8 of its size and channels."""
        logits = self._of_all(iter(images), lambda x: self.planned(x).numpy())
        return np.empty((0, len(self.classes)), np.float32) if logits is None else self._scores(logits)

    def way(self, size: tuple[int, int]) -> Way:
        """How a picture of (height, width) that keeps its size is computed: whole, or in which pieces."""
        return way(self.planned, size, self.preprocessing.channels)

    def features(self, pictures: Pictures, layer: str | None = None) -> Nest:
        """What a layer gives for each picture, (N, …) float32: what the network sees in it, for a search or a plot.

        Args:
            pictures: as for `predict_proba`.
            layer: its name, as in `models.summary` and `module.named_modules()`; None is what the head is given, the
                last layer before the class scores. One with several results gives its arrays in a tuple or a dict.
        """
        shape = self.preprocessing.shape
        inside = reaching_head(self.module, shape) if layer is None else named_result(self.module, layer)
        found = self._of_all(self._images(pictures), inside)
        # No picture, no feature; but the right number of axes.
        return mapped(inside(blank((1, *shape))), lambda array: array[:0], is_array) if found is None else found

    def explain(
        self,
        picture: Source,
        *,
        shown: int = SHOWN,
        layer: str | None = None,
        channels: Sequence[int] | None = None,
    ) -> Explanation:
        """What the network does with one picture, step by step, in the numbers of its kernels.

        The answer has the stations of the network with the maps that are shown, and finds the arithmetic of any of
        their numbers (`pixel`) and what in the picture mattered (`grad_cam`, `gradient`, `occlusion`) when it is asked.
        It costs three to five predictions that are not planned, for each step is timed.

        Args:
            picture: as for `predict`. One that keeps its size is made smaller where its maps would not fit into memory.
            shown: how many maps of each station are kept, the strongest.
            layer, channels: keep these channels of the stations in a layer instead; of all stations without a layer.

        Raises:
            DataError: the picture cannot be read.
            UsageError: there is no such layer or channel.
        """
        source = picture if isinstance(picture, given.SINGLE) else self._array(picture)
        ready = prepared(source, self.preprocessing, lambda size: not self.way(size).tiles)
        return explain(
            subject_of(self.task, self.module, self.planned, self.preprocessing, ready.image),
            ready,
            network=self.name,
            source=self.source,
            path=str(picture) if isinstance(picture, str | Path) else None,
            shown=shown,
            layer=layer,
            channels=channels,
            notes=self.notes,
        )

    def _of_all(self, images: Iterator[Pixels], compute: Callable[[Tensor], Nest]) -> Nest:
        """`compute` on the images, batch after batch; None where there are none."""
        found: list[Nest] = []
        while some := list(islice(images, batch_for(self.preprocessing))):
            with no_grad():
                # A copy: the network's own arrays go back to a pool.
                found.append(mapped(compute(Tensor(collate(some, self.preprocessing))), np.array, is_array))
        if len({tuple(array.shape[1:] for array in leaves(nest, is_array)) for nest in found}) > 1:
            raise UsageError(
                "These pictures keep their unequal sizes, and so does what a layer gives for them. Ask for one "
                "picture at a time."
            )
        return concatenated(found) if found else None

    def _one_by_one(self, pictures: Pictures) -> Iterator[Source | given.Unread]:
        """Those of one array as bytes, on the scale that the network was trained on."""
        return given.pictures(pictures, self.preprocessing.shape, self.preprocessing.white)

    def _images(self, pictures: Pictures) -> Iterator[Pixels]:
        for number, picture in enumerate(self._one_by_one(pictures)):
            try:
                yield self._load(picture)[0]
            except DataError as error:
                raise DataError(f"Picture {number} (counted from 0): {error}") from error

    def _load(self, picture: Source | given.Unread) -> Viewed:
        if isinstance(picture, given.Unread):
            return self._view(picture.array)
        return load_view(picture, self.preprocessing)

    def _try(self, picture: Source | given.Unread) -> tuple[str | None, Viewed | PredictionError]:
        path = str(picture) if isinstance(picture, str | Path) else None
        try:
            return path, self._load(picture)
        except DataError as error:
            return path, PredictionError(path or "", str(error))

    def _answers(
        self, waiting: list[tuple[str | None, Viewed | PredictionError]], top: int, tell: Tell
    ) -> Iterator[Prediction | PredictionError]:
        readable = [(path, image) for path, image in waiting if not isinstance(image, PredictionError)]
        answers: Iterator[Prediction | PredictionError]
        try:
            answers = iter(self._answer([image for _, image in readable], [path for path, _ in readable], top, tell))
        except DataError as error:
            # Images that are computed together have one size, and are too large together.
            answers = iter([PredictionError(path or "", str(error)) for path, _ in readable])
        for _, image in waiting:
            yield image if isinstance(image, PredictionError) else next(answers)

    def _answer(
        self, images: list[Viewed], paths: list[str | None], top: int, tell: Tell = nothing
    ) -> list[Prediction]:
        if not images:
            return []
        x = collate([image for image, _ in images], self.preprocessing)
        beside = self.task.beside(self.planned, [image for image, _ in images])
        outputs = outputs_of(self.task, self.planned, x, self.preprocessing, self._condensed, tell, beside)
        self._check_finite(outputs)
        answers = self.task.decode(outputs, [view for _, view in images], top)
        return [Prediction(path, answer, self.name) for path, answer in zip(paths, answers, strict=True)]

    def _condensed(self, outputs: Host) -> Host:
        self._check_finite(outputs)
        return self.task.condensed(outputs)

    def _scores(self, logits: Host) -> Host:
        self._check_finite(logits)
        return self.task.scores(logits)

    def _check_finite(self, outputs: Host) -> None:
        # Their extremes are NaN if one of them is: no array of truth values is made beside a large one.
        if outputs.size and not np.isfinite([outputs.min(), outputs.max()]).all():
            raise NumericError(
                f"The answers of {self.source or self.name} are not finite numbers (NaN). Its weights are damaged, or "
                "from a training that failed: use others."
            )

    def read(self, picture: Source) -> Pixels:
        """The uint8 (H, W, C) that the network reads."""
        return self._view(picture)[0]

    def _view(self, picture: Source) -> Viewed:
        source = picture if isinstance(picture, given.SINGLE) else self._array(picture)
        return load_view(source, self.preprocessing)

    def _array(self, picture: Any) -> Pixels:
        return given.one(picture, self.preprocessing.shape, self.preprocessing.white)


def _checked(top: int) -> int:
    if top < 1:
        raise UsageError(f"top is {top}, expected at least 1, such as 5.")
    return top
