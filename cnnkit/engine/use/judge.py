"""One pass over a part of the data, without a tape: how well a network does."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

from cnnkit.autograd import Tensor, no_grad
from cnnkit.data.load.batch import Batch
from cnnkit.data.load.loader import Loader
from cnnkit.data.sets.base import Dataset
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.use.large import maps_of
from cnnkit.nn import Module
from cnnkit.nn.outputs import arrays
from cnnkit.tasks import Tally, Task

_MOST_IMAGES, _MOST_FLOATS = 256, 2**22


def judge(
    task: Task[Any],
    module: Module,
    dataset: Dataset,
    preprocessing: Preprocessing,
    tally: Tally,
    *,
    batch_size: int | None = None,
    check: Callable[[], None] = lambda: None,
) -> Iterator[int]:
    """Fill a tally of the task, batch after batch; yields the images done so far.

    batch_size: images at once, by default `batch_for`; where pictures keep their size each is judged alone.
    check: called before each batch, to raise what is to end the pass.
    """
    images = 1 if preprocessing.keeps_size else batch_size or batch_for(preprocessing)
    loader = Loader(dataset, images, preprocessing=preprocessing, targets=task.targets)
    yield from judge_batches(module, loader.epoch(0), tally, check, places=task.places)


def judge_batches(
    module: Module,
    batches: Generator[Batch],
    tally: Tally,
    check: Callable[[], None] = lambda: None,
    *,
    places: bool = False,
) -> Iterator[int]:
    """As `judge`, on batches that are made elsewhere.   places: whether outputs are for each place of an image."""
    done = 0
    with module.keeping_modes(), closing(batches):
        module.eval()
        for batch in batches:
            check()
            if places:
                outputs = maps_of(module, batch.x, tell=lambda *_: check())
            else:
                with no_grad():
                    outputs = arrays(module(Tensor(batch.x)))
            tally.add(outputs, batch)
            done += len(batch)
            yield done


def batch_for(preprocessing: Preprocessing) -> int:
    """Images judged at once: a function of their size alone, so that a number does not depend on who asks for it.

    Where each picture keeps its size it is judged alone, for beside a larger one it would get a border of zeros.
    """
    if preprocessing.keeps_size:
        return 1
    H, W, C = preprocessing.shape
    return max(1, min(_MOST_IMAGES, _MOST_FLOATS // (H * W * C)))
