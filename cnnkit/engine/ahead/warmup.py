"""Compile now what training and prediction would compile later."""

from collections.abc import Iterator, Sequence

from cnnkit import models
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.records.events import Compiling
from cnnkit.engine.records.options import OPTIMISERS, FitOptions
from cnnkit.engine.run.state import Training, create_module
from cnnkit.engine.training.step import compile_kernels
from cnnkit.models.stem import image_sizes, is_small
from cnnkit.tasks.registry import create

CLASSES = [str(label) for label in range(10)]
# Kernels are specialised by tile shapes, which large networks share with small ones: these need not be walked through.
MOST_PARAMETERS = 12_000_000
# Images in a step: tiles are chosen by whether they are many or one.
MANY, MANY_LARGE = 64, 8


def warmup(names: Sequence[str] = ()) -> Iterator[tuple[str, Compiling]]:
    """(network, event) for each kernel compiled or loaded; without names for the lightest network of every file."""
    optimisers = list(OPTIMISERS)
    for spec in [models.spec(name) for name in names or representatives()]:
        H, W, C = spec.input
        for size in image_sizes((H, W)):
            for channels in sorted({C, 1, 3}) if size == (H, W) else [C]:
                # What moves the weights does not see their shapes: each optimiser needs one walk in all.
                for event in _compile(spec.name, optimisers.pop() if optimisers else "sgd", (*size, channels)):
                    yield spec.name, event


def representatives() -> list[str]:
    """The classifier with the fewest parameters of every model file, unless that is a heavy one too."""
    found: dict[str, tuple[int, str]] = {}
    for name in models.names("classification"):
        file = models.spec(name).file
        found[file] = min(found.get(file, (MOST_PARAMETERS, "")), (models.summary(name).parameters, name))
    return [name for _, name in found.values() if name]


def _compile(name: str, optimiser: str, shape: tuple[int, int, int]) -> Iterator[Compiling]:
    H, W, C = shape
    many = MANY if is_small((H, W)) else MANY_LARGE
    options = FitOptions(model=name, optimiser=optimiser, lr=0.1, clip=1.0, ema=0.9)
    preprocessing = Preprocessing(H, W, C, mean=(0.5,) * C, std=(0.5,) * C)
    training = Training(options, create_module(options, len(CLASSES), shape))
    yield from compile_kernels(
        training, create(None, CLASSES, options={"label_smoothing": 0.1}), preprocessing, [many], [many, 1]
    )
