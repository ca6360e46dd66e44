"""Predictor: a trained network with its own preprocessing and the names of its classes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, final

import numpy as np
from PIL import Image

from cnnkit.autograd import Tensor, no_grad
from cnnkit.data.collate import collate
from cnnkit.data.picture import plain
from cnnkit.data.preprocessing import Preprocessing, load_image, prepare
from cnnkit.data.sample import Pixels
from cnnkit.engine.judge import batch_for
from cnnkit.engine.results import Prediction, PredictionError
from cnnkit.errors import DataError, UsageError
from cnnkit.kernels.shared.array import Array
from cnnkit.nn import Module
from cnnkit.nn.prepared import prepared
from cnnkit.tasks import ClassificationTask

Picture = str | Path | Image.Image | Array


@final
class Predictor:
    """Answers what is in a picture. Many threads may ask at once: nothing in it changes.

    module: the network.   prepared: the same made ready for use, which is what answers.
    name: of the network.   source: where its weights came from.   record: all that the weight file says of itself.
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
    ) -> None:
        self.module = module.eval()
        self.prepared = prepared(self.module)
        self.preprocessing, self.classes, self.name = preprocessing, classes, name
        self.source, self.record = source, record or {}
        self.task = ClassificationTask(classes)

    def predict(self, picture: Picture, top: int = 5) -> Prediction:
        """What is in one picture: a file, a Pillow image, or uint8 (H, W), (H, W, 1) or (H, W, 3).

        An array of the very size and channels of the network's images is taken for one of the data set's own; anything
        else is a foreign picture and goes through the preprocessing.
        """
        path = str(picture) if isinstance(picture, str | Path) else None
        return self._answer([self._image(picture)], [path], _checked(top))[0]

    def predict_many(self, pictures: Iterable[Picture], top: int = 5) -> Iterator[Prediction | PredictionError]:
        """An answer for each picture, in order; one that cannot be read gets a PredictionError and stops no other."""
        _checked(top)
        size = batch_for(self.preprocessing)
        waiting: list[tuple[str | None, Pixels | PredictionError]] = []
        for picture in pictures:
            waiting.append(self._try(picture))
            if len(waiting) == size:
                yield from self._answers(waiting, top)
                waiting = []
        yield from self._answers(waiting, top)

    def _try(self, picture: Picture) -> tuple[str | None, Pixels | PredictionError]:
        path = str(picture) if isinstance(picture, str | Path) else None
        try:
            return path, self._image(picture)
        except DataError as error:
            return path, PredictionError(path or "", str(error))

    def _answers(
        self, waiting: list[tuple[str | None, Pixels | PredictionError]], top: int
    ) -> Iterator[Prediction | PredictionError]:
        readable = [(path, image) for path, image in waiting if not isinstance(image, PredictionError)]
        answers = iter(self._answer([image for _, image in readable], [path for path, _ in readable], top))
        for _, image in waiting:
            yield image if isinstance(image, PredictionError) else next(answers)

    def _answer(self, images: list[Pixels], paths: list[str | None], top: int) -> list[Prediction]:
        if not images:
            return []
        with no_grad():
            outputs = self.prepared(Tensor(collate(images, self.preprocessing))).numpy()
        answers = []
        for path, ranking in zip(paths, self.task.decode(outputs, top), strict=True):
            names = [self.classes[index] for index in ranking.indices]
            pairs = tuple(zip(names, ranking.scores, strict=True))
            answers.append(Prediction(path, names[0], ranking.indices[0], ranking.scores[0], pairs, self.name))
        return answers

    def _image(self, picture: Picture) -> Pixels:
        """The uint8 (H, W, C) that the network reads."""
        if isinstance(picture, str | Path):
            try:
                return load_image(Path(picture), self.preprocessing)
            except DataError as error:
                if str(picture) in str(error):
                    raise
                raise DataError(f"{picture}: {error}") from error
        if isinstance(picture, Image.Image):
            return prepare(plain(picture), self.preprocessing)
        image = np.asarray(picture)
        if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)):
            raise DataError(
                f"A picture is uint8 of shape (height, width), (height, width, 1) or (height, width, 3), but this is "
                f"{image.dtype} {image.shape}. One picture at a time; predict_many takes several."
            )
        if not image.size:
            raise DataError(f"This picture has no pixels: {image.shape}.")
        image = image[:, :, None] if image.ndim == 2 else image
        if image.shape == self.preprocessing.shape:
            return image
        return prepare(Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image), self.preprocessing)


def _checked(top: int) -> int:
    if top < 1:
        raise UsageError(f"top is {top}, expected at least 1, such as 5.")
    return top
