"""One pass over a part of the data, without a tape: how well a network does."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any

from cnnkit.data.load.batch import Batch
from cnnkit.data.load.collate import pixels_of
from cnnkit.data.load.loader import Loader
from cnnkit.data.picture.header import header
from cnnkit.data.sets.base import Dataset
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.use.large import Tell, maps_of, nothing, whole
from cnnkit.errors import DataError
from cnnkit.kernels.shared.array import Host
from cnnkit.nn import Module
from cnnkit.nn.outputs import Nest
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

    Raises:
        DataError: some images are too large for what refines the outputs; none is judged then.
    """
    check_refined(task, dataset, preprocessing)
    images = 1 if preprocessing.keeps_size else batch_size or batch_for(preprocessing)
    loader = Loader(task.seen_by(module, dataset), images, preprocessing=preprocessing, targets=task.targets)

    def outputs(batch: Batch) -> Nest:
        beside = task.beside(module, (), batch.targets)
        return outputs_of(task, module, batch.x, preprocessing, beside=beside, tell=lambda *_: check())

    yield from judge_batches(module, loader.epoch(0), tally, check, outputs=outputs)


def judge_batches(
    module: Module,
    batches: Generator[Batch],
    tally: Tally,
    check: Callable[[], None] = lambda: None,
    *,
    outputs: Callable[[Batch], Nest] | None = None,
) -> Iterator[int]:
    """As `judge`, on batches that are made elsewhere.   outputs: for a batch, if not just the module's."""
    done = 0
    with module.keeping_modes(), closing(batches):
        module.eval()
        for batch in batches:
            check()
            tally.add(whole(module, batch.x) if outputs is None else outputs(batch), batch)
            done += len(batch)
            yield done


def outputs_of(
    task: Task[Any],
    module: Module,
    x: Host,
    preprocessing: Preprocessing,
    keep: Callable[[Host], Host] | None = None,
    tell: Tell = nothing,
    beside: tuple[Host, ...] = (),
) -> Nest:
    """What a network gives for a batch, as the task reads it.

    keep: what of the outputs for a piece of a large image is kept, where the task needs no more.
    beside: what the network is given beside images, as `Task.beside` tells.
    """
    if not task.places:
        return whole(module, x, *beside)
    if not task.refines(x.shape):
        return maps_of(module, x, keep, tell)
    return task.refined(maps_of(module, x, tell=tell), pixels_of(x, preprocessing))


def check_refined(task: Task[Any], dataset: Dataset, preprocessing: Preprocessing) -> None:
    """DataError, told from headers alone, where images are too large to be refined: it names the first of them."""
    if not task.refines((1, 1, 1, preprocessing.channels)):
        return
    refused: list[tuple[int, DataError]] = []
    for index in range(len(dataset)):
        try:
            task.refines((1, *_size(dataset, index, preprocessing), preprocessing.channels))
        except DataError as error:
            refused.append((index, error))
    if refused:
        first, why = refused[0]
        raise DataError(
            f"{len(refused):,} of {len(dataset):,} images {'is' if len(refused) == 1 else 'are'} too large for what "
            f"refines the answers, the first of them {dataset.path(first) or f'number {first} (counted from 0)'}. {why}"
        )


def _size(dataset: Dataset, index: int, preprocessing: Preprocessing) -> tuple[int, int]:
    """(height, width) of an image as the network will be given it."""
    if not preprocessing.keeps_size:
        return preprocessing.shape[:2]
    path = dataset.path(index)
    known = None if path is None else header(path)
    if known is not None:
        return known.height, known.width
    H, W = dataset[index].image.shape[:2]
    return H, W


def batch_for(preprocessing: Preprocessing) -> int:
    """Images judged at once: a function of their size alone, so that a number does not depend on who asks for it.

    Where each picture keeps its size it is judged alone, for beside a larger one it would get a border of zeros.
    """
    if preprocessing.keeps_size:
        return 1
    H, W, C = preprocessing.shape
    return max(1, min(_MOST_IMAGES, _MOST_FLOATS // (H * W * C)))
