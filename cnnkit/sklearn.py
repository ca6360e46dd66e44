"""A classifier of images for scikit-learn: `cross_val_score`, `GridSearchCV`, `Pipeline` take it as any other.

from cnnkit.sklearn import Classifier
cross_val_score(Classifier(epochs=10), X, y)         # X: images (n, H, W), (n, H, W, C), or their pixels in rows
"""

import copy
import math
import os
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError('cnnkit.sklearn needs scikit-learn. Install it: pip install "cnnkit[sklearn]"') from error

from cnnkit import kernels, models, nn
from cnnkit.data.open.source import IN_MEMORY
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sample import Pixels
from cnnkit.data.sets.base import ArrayDataset
from cnnkit.data.sets.subset import Subset, split
from cnnkit.data.view.preprocessing import Preprocessing, statistics
from cnnkit.engine.simple import fit
from cnnkit.engine.use.predictor import Predictor
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Host

# Writing a file and waiting for the disk takes longer than an epoch of a few images.
IN_MEMORY_FILES = "/dev/shm"
# Units of the network for images that are too small for convolutions.
HIDDEN = 64
# Training images that are judged after each epoch where none are set aside: enough to see the loss fall.
JUDGED = 200


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A convolutional network that learns from images as a scikit-learn estimator.

    X is (n, H, W), (n, H, W, C) or (n, C, H, W) with C = 1 or 3, or (n, pixels): rows of H·W·C numbers, channels last.
    Its numbers may be of any range: the lowest in training becomes black and the highest white, in 256 steps.

    Args:
        model: name of a network (`cnnkit models`), or a module of one's own, of which each fit trains a copy. None is
            "convnet", or a dense network with one hidden layer where images are too small for that.
        image_shape: (H, W) or (H, W, C) of the rows of a two-dimensional X. None: square and grey where the number of
            pixels allows it, else one row of pixels, with a warning.
        epochs, batch_size, lr, optimiser, weight_decay, time, threads: as options of `cnnkit train`; None is chosen by
            the data.
        augment: "none", "light", "standard" or "strong": random changes of the training images.
        val_fraction: share of the images that are set aside to choose the best epoch. None: all are learned from, and
            the last epoch is kept.
        options: further options of `cnnkit train` by name.
        random_state: decides the first weights, the order of the images and what else is drawn.
        output: a folder in which each fit keeps its run, in a folder of its own; None keeps none.

    Attributes:
        classes_: the labels, in the order of the columns of `predict_proba`.
        n_features_in_: numbers in an image.   image_shape_: (H, W, C) of one.
        history_: the EpochEnd of each epoch.   predictor_: the Predictor that answers; it has `features` too, and takes
            bytes: 0 to 255 from the lowest to the highest number in training.
        run_: the folder of the run, None where it was not kept.
    """

    def __init__(
        self,
        model: Any = None,
        *,
        image_shape: tuple[int, ...] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        optimiser: str | None = None,
        weight_decay: float | None = None,
        augment: str = "none",
        val_fraction: float | None = None,
        time: float | None = None,
        threads: int | None = None,
        options: Mapping[str, Any] | None = None,
        random_state: Any = None,
        output: Any = None,
    ) -> None:
        self.model = model
        self.image_shape = image_shape
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.optimiser = optimiser
        self.weight_decay = weight_decay
        self.augment = augment
        self.val_fraction = val_fraction
        self.time = time
        self.threads = threads
        self.options = options
        self.random_state = random_state
        self.output = output

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from images X and labels y, any that scikit-learn takes for classes."""
        rows, found = _rows(X)
        rows, y = validate_data(self, rows, y, dtype="numeric")
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"Classifier needs at least two classes, but y holds one class only: {self.classes_[0]}.")
        self.image_shape_ = found or _shape_of_rows(rows.shape[1], self.image_shape)
        self._range = float(rows.min()), float(rows.max())
        images = self._pixels(rows)
        H, W, C = self.image_shape_
        self._preprocessing = Preprocessing(H, W, C, *statistics(images))
        seed = int(check_random_state(self.random_state).randint(2**31))
        splits = self._splits(images, labels.astype(np.int64), seed)
        module = self._network(np.random.default_rng(seed))
        with tempfile.TemporaryDirectory(prefix="cnnkit-", dir=_memory_for(module)) as scratch:
            if self.output is not None:
                Path(self.output).mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="fit-", dir=scratch if self.output is None else self.output))
            result = fit(module, splits, **self._options(seed), output=str(folder), exist_ok=True, progress=False)
        self.history_, self.run_ = result.history, None if self.output is None else str(folder)
        self.predictor_ = self._predictor(module)
        return self

    def predict_proba(self, X: Any) -> Host:
        """(n, K): the score of each class of `classes_` for each image."""
        check_is_fitted(self)
        rows, found = _rows(X, self.image_shape_)
        rows = validate_data(self, rows, reset=False, dtype="numeric")
        if found not in (None, self.image_shape_):
            raise ValueError(f"X has images of {found}, but Classifier was fitted to images of {self.image_shape_}.")
        scores = self.predictor_.scores(self._pixels(rows)).astype(np.float64)
        return np.asarray(scores / scores.sum(axis=1, keepdims=True))

    def predict(self, X: Any) -> Host:
        """(n,): the likeliest class of each image."""
        scores = self.predict_proba(X)
        return np.asarray(self.classes_[scores.argmax(axis=1)])

    def _options(self, seed: int) -> dict[str, Any]:
        names = ("epochs", "batch_size", "lr", "optimiser", "weight_decay", "augment", "time", "threads")
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        # The last epoch is the one that has seen most, where no image is left to choose another by.
        keep = {"keep": "last" if self.val_fraction is None else "best"}
        if twice := sorted(set(self.options or {}) & {*given, "seed", "output", "exist_ok"}):
            raise ValueError(f"options holds {twice[0]!r}, which Classifier sets itself. Leave it out of options.")
        return {**keep, **given, **(self.options or {}), "seed": seed}

    def _network(self, rng: np.random.Generator) -> nn.Module:
        """The network with its first weights."""
        H, W, C = self.image_shape_
        classes = len(self.classes_)
        if isinstance(self.model, nn.Module):
            return copy.deepcopy(self.model)
        try:
            return models.create(self.model or "convnet", classes=classes, in_channels=C, image_size=(H, W), rng=rng)
        except UsageError:
            if self.model is not None:
                raise
        return nn.Sequential(
            nn.Flatten(), nn.Linear(H * W * C, HIDDEN, activation="relu", rng=rng), nn.Linear(HIDDEN, classes, rng=rng)
        )

    def _splits(self, images: Pixels, labels: Host, seed: int) -> DataSplits:
        """All images to learn from, but for those that choose the best epoch; the test is the caller's business."""
        whole = ArrayDataset(
            images, labels, name=IN_MEMORY, classes=self._names(), preprocessing=self._preprocessing, mirror=False
        )
        if self.val_fraction is None:
            some = Subset(whole, np.arange(min(JUDGED, len(whole))))
            return DataSplits(whole, some, some, f"{len(whole):,} images of Classifier.fit")
        train, val = split(whole, self.val_fraction, seed)
        if not len(train) or not len(val):
            raise ValueError(
                f"val_fraction is {self.val_fraction}, which leaves {len(train)} of {len(whole)} images to learn from "
                f"and {len(val)} to choose the best epoch. Take another, such as 0.1."
            )
        return DataSplits(train, val, val, f"{len(whole):,} images of Classifier.fit")

    def _names(self) -> list[str]:
        return [str(label) for label in self.classes_]

    def _pixels(self, rows: Host) -> Pixels:
        """uint8 (n, H, W, C): the range of the training's numbers in 256 steps."""
        low, high = self._range
        pixels = np.empty((len(rows), *self.image_shape_), np.uint8)
        scale = 255 / (high - low) if high > low else 0.0
        # A few at a time, as the numbers may be eight times as large as the pixels.
        for i in range(0, len(rows), 1000):
            numbers = np.clip((rows[i : i + 1000].astype(np.float64) - low) * scale, 0, 255)
            pixels[i : i + 1000] = np.rint(numbers).reshape(-1, *self.image_shape_)
        return pixels

    def _predictor(self, module: nn.Module) -> Predictor:
        name = self.model if isinstance(self.model, str) else type(module).__name__.lower()
        return Predictor(module, self._preprocessing, self._names(), name)

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle, a deep copy or another process gets: numbers instead of the network."""
        state: dict[str, Any] = dict(super().__getstate__())
        if "predictor_" in state:
            weights = state["predictor_"].module.state_dict()
            state["predictor_"] = {name: kernels.of(a).fetch(a) for name, a in weights.items()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "predictor_" in state:
            module = self._network(np.random.default_rng(0))
            module.load_state_dict(state["predictor_"])
            self.predictor_ = self._predictor(module)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _memory_for(module: nn.Module) -> str | None:
    """Where Linux keeps files in memory, if a run of this network has ample room there; nothing of it is kept."""
    bytes_ = sum(array.nbytes for array in module.state_dict().values())
    with suppress(OSError):
        # Two states of weights, optimiser, average and best weights, one of them being written, and two weight files.
        if os.access(IN_MEMORY_FILES, os.W_OK) and shutil.disk_usage(IN_MEMORY_FILES).free > 100 * bytes_ + 2**27:
            return IN_MEMORY_FILES
    return None


def _rows(X: Any, like: tuple[int, int, int] | None = None) -> tuple[Any, tuple[int, int, int] | None]:
    """(rows of numbers, the (H, W, C) of the images), or X as it is where it is not of three or four axes."""
    images = X if hasattr(X, "shape") else None
    if images is None and isinstance(X, list | tuple) and len(X) and np.ndim(X[0]) > 1:
        images = np.asarray(X)
    if images is None or len(images.shape) not in (3, 4):
        return X, None
    images = np.asarray(images)
    if images.ndim == 3:
        return images.reshape(len(images), -1), (*images.shape[1:], 1)
    first, last = images.shape[1] in (1, 3), images.shape[3] in (1, 3)
    if first and last and like is not None and images.shape[1:] != like:
        last = False
    elif first and last and like is None:
        raise ValueError(
            f"X is {images.shape}: it cannot be told which axis holds the channels. Pass rows and image_shape."
        )
    if not first and not last:
        raise ValueError(
            f"X is {images.shape}, expected (n, height, width, channels) with 1 or 3 channels, or them first."
        )
    if not last:
        images = images.transpose(0, 2, 3, 1)
    n, H, W, C = images.shape
    return images.reshape(n, -1), (H, W, C)


def _shape_of_rows(pixels: int, given: tuple[int, ...] | None) -> tuple[int, int, int]:
    """(H, W, C) of images whose pixels lie in rows."""
    if given is not None:
        shape = tuple(given) if len(given) == 3 else (*given, 1)
        if len(shape) != 3 or math.prod(shape) != pixels or shape[2] not in (1, 3):
            raise ValueError(
                f"image_shape is {given}, but X has {pixels} numbers in a row. Expected (H, W) or (H, W, C)."
            )
        return shape[0], shape[1], shape[2]
    side = math.isqrt(pixels)
    if side * side == pixels:
        return side, side, 1
    warnings.warn(
        f"X has {pixels} columns, which is no square image: each is read as an image of 1x{pixels} pixels. Say "
        "image_shape=(height, width) or (height, width, channels).",
        UserWarning,
        stacklevel=3,
    )
    return 1, pixels, 1
