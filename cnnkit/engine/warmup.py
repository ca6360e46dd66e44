"""Compile now what training and prediction would compile later: every network, optimiser and channel count."""

from collections.abc import Iterator

from cnnkit import models
from cnnkit.data.preprocessing import Preprocessing
from cnnkit.engine.defaults import resolve
from cnnkit.engine.events import Compiling
from cnnkit.engine.judge import batch_for
from cnnkit.engine.options import OPTIMISERS, FitOptions
from cnnkit.engine.state import Training, create_module
from cnnkit.engine.step import compile_kernels
from cnnkit.tasks import ClassificationTask

CLASSES = [str(label) for label in range(10)]


def warmup() -> Iterator[tuple[str, Compiling]]:
    """(what for, event) for each kernel compiled or loaded."""
    for name in models.names():
        H, W, C = models.spec(name).input
        for channels in sorted({C, 1, 3}):
            preprocessing = Preprocessing(H, W, channels, mean=(0.5,) * channels, std=(0.5,) * channels)
            # The layers are the same whatever moves the weights: one walk with each optimiser is enough.
            for optimiser in OPTIMISERS if channels == C else ("sgd",):
                for event in _compile(name, optimiser, preprocessing):
                    yield name, event


def _compile(name: str, optimiser: str, preprocessing: Preprocessing) -> Iterator[Compiling]:
    options = resolve(FitOptions(model=name, optimiser=optimiser, clip=1.0, ema=0.9), "digits")
    training = Training(options, create_module(options, len(CLASSES), preprocessing.shape))
    task = ClassificationTask(CLASSES, 0.1)
    sizes = [batch_for(preprocessing), 1]
    yield from compile_kernels(training, task, preprocessing, [int(options.batch_size or 1)], sizes)
