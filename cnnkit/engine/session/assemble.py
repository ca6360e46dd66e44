"""What a training is made of, data and network and optimiser: anew from options, or again from a state."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, final

from cnnkit import models
from cnnkit.data.check.quick import quick_check
from cnnkit.data.load.loader import Loader
from cnnkit.data.open.splits import DataSplits
from cnnkit.data.sets.picture_cache import room_for_pictures
from cnnkit.data.view.preprocessing import Preprocessing
from cnnkit.engine.finetune.features import choose_views
from cnnkit.engine.finetune.lent import check_task, lend, lends_trunk
from cnnkit.engine.finetune.start import adopt, normalised_for, starting_point, what_to_freeze
from cnnkit.engine.records.options import FitOptions
from cnnkit.engine.run.checkpoint import Checkpoint
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.network import name_of, said_of_classes, wanted_image, with_text
from cnnkit.engine.run.overfit import few, plain
from cnnkit.engine.run.state import Training, create_module, least_batch
from cnnkit.engine.session.recalled import Origin, without_lost
from cnnkit.engine.training.augment import changes_of, choose_flip
from cnnkit.engine.training.course import Course
from cnnkit.engine.training.defaults import SMALLEST_PHOTO, chosen, resolve
from cnnkit.engine.training.first_look import first_look
from cnnkit.engine.training.loading import training_loader
from cnnkit.engine.use.reading import open_as
from cnnkit.engine.use.same_classes import in_order_of
from cnnkit.errors import CheckpointError, DataError, ShapeError, UsageError
from cnnkit.models.network import Network
from cnnkit.nn import Module
from cnnkit.nn.parts.freeze import cut, freeze_norms
from cnnkit.nn.parts.tail import Tail
from cnnkit.tasks import Task
from cnnkit.tasks.own_loss import Loss
from cnnkit.tasks.registry import DEFAULT, create, other_data


@final
@dataclass(frozen=True)
class Pieces:
    """own_module: the caller built the network.   notes: what the user should know.

    origin: of the data as the run began, where some of their images are lost.
    """

    splits: DataSplits
    training: Training
    task: Task[Any]
    loader: Loader
    own_module: bool
    notes: list[str] = field(default_factory=list)
    origin: Origin | None = None


def begin(options: FitOptions, module: Module | None, data: DataSplits | None, loss: Loss | None = None) -> Pieces:
    """A training before its first step, every option resolved; a network of one's own is called by its class.

    The record of a run must open the same data when the weight file is gone: size and colour become options.
    """
    if module is not None:
        if options.padding is not None:
            raise UsageError(f"padding is {options.padding}, but a network of one's own pads as its layers say.")
        options = options.replace(model=options.model or type(module).__name__.lower())
    else:
        options = with_text(options)
    start = starting_point(options, module)
    lent = start is not None and module is None and lends_trunk(start, options)
    if start is not None and lent and options.grey is None:
        options = options.replace(grey=start.preprocessing.channels == 1)
    like = wanted_image(options)
    if start is not None and not lent:
        like = {"like": start.preprocessing, "trained": start.task.name}
    splits = _parts(options, data, **like)
    H, W, C = splits.preprocessing.shape
    asked = options
    if like and start is None:
        options = options.replace(image_size=(H, W), grey=C == 1)
    if splits.task != DEFAULT:
        # The usual task is not noted, so that options and commands are as they were before there were others.
        options = options.replace(task=options.task or splits.task)
    if start is not None:
        if not lent:
            check_task(start, options.task or DEFAULT)
        splits = in_order_of(normalised_for(splits, start.preprocessing, start.source), start.classes)
        options = options.replace(model=options.model or start.name, image_size=(H, W), grey=C == 1)
        options = options.replace(cfg=options.cfg or start.record.get("cfg"))
        options = options.replace(freeze=options.freeze or what_to_freeze(start, splits))
        kept = start.record.get("padding", "default")
        options = options.replace(padding=options.padding or (None if kept == "default" else kept))
    if options.overfit is not None:
        options = plain(options)
    n = len(splits.train)
    photos = n if splits.mirror and min(H, W) >= SMALLEST_PHOTO else None
    options = resolve(options, splits.name, images=n, photos=photos)
    options, flips = choose_flip(options, splits)
    task = _task(options, splits, loss)
    network = _network(options, splits, task) if module is None else module
    if options.freeze == "trunk" and not task.labelled:
        options = options.replace(views=0)
    elif options.freeze == "trunk":
        views = choose_views(options, splits, cut(network, (1, H, W, C)), room_for_pictures(options.cache))
        options = options.replace(views=views)
    training = _training(options, splits, network)
    said: list[str] = []
    if start is None:
        first_look(training.module, splits)
    if start is not None and lent:
        said = lend(network, str(options.model), start)
    elif start is not None:
        scored = _scored(options, splits, task) if module is None else frozenset()
        said, new_head = adopt(network, training.cut.score if training.cut else network, start, splits, scored)
        training.progress.new_head = new_head and options.freeze != "trunk"
    notes = [
        *splits.notes,
        *([] if data else _doubts(splits, options)),
        *said,
        *chosen(asked, options, splits.name, n, changes_of(options, splits)),
        *flips,
        *said_of_classes(options, task.outputs),
    ]
    return Pieces(
        splits, training, task, training_loader(training, task, splits), own_module=module is not None, notes=notes
    )


def _doubts(splits: DataSplits, options: FitOptions) -> list[str]:
    """What opened data should be looked through for; a training goes on regardless."""
    warnings = quick_check(splits, by_heart=options.overfit is not None)
    return [*warnings, f"Details: cnnkit data check {shlex.quote(options.data)}"] if warnings else warnings


def go_on(
    options: FitOptions, found: Checkpoint, module: Module | None, data: DataSplits | None, loss: Loss | None = None
) -> Pieces:
    """A training where a state left it."""
    run, about, origin = Run(found.path.parents[1]), found.about, None
    kept = Preprocessing.from_record(about["preprocessing"])
    kept_as: dict[str, Any] = {"like": kept, "white": kept.white, "trained": about.get("task")}
    splits = _parts(options, data, **kept_as)
    if data is None and about.get("data_sha256") != splits.fingerprint():
        left = without_lost(
            options,
            splits,
            run,
            about.get("data_sha256"),
            about.get("parts_sha256"),
            lambda: _open(options, **kept_as, keep_unreadable=True),
        )
        splits, origin = left or (splits, None)
    splits = in_order_of(splits, [str(name) for name in about["classes"]])
    if origin is None:
        _check_same_data(splits, about.get("data_sha256"), run.path)
    if options.weights is not None:
        splits = splits.normalised(kept.mean, kept.std)
    own = bool(found.about.get("own_module"))
    if module is None and own:
        raise CheckpointError(
            f"This run trained a module of its own ({options.model}), which its name cannot build. "
            "Pass it: resume(run, module=...)."
        )
    task = _task(options, splits, loss, about.get("settings"))
    training = _training(options, splits, _network(options, splits, task) if module is None else module)
    try:
        training.restore(found.arrays, found.progress)
    except (CheckpointError, ShapeError) as error:
        raise CheckpointError(f"{found.path} does not fit its network: {error}") from error
    loader = training_loader(training, task, splits)
    pieces = Pieces(splits, training, task, loader, own, list(splits.notes), origin)
    progress, epoch = training.progress, len(pieces.loader)
    if progress.batch > epoch:
        raise CheckpointError(
            f"The state of {run.path} is in batch {progress.batch:,} of an epoch of {epoch:,}. Use an older state."
        )
    if progress.step < Course.of(training.options, epoch).steps:
        # An epoch that was cut short at the old end goes on, and is judged again.
        del progress.history[progress.epoch :]
    return pieces


def begin_again(
    options: FitOptions, module: Module | None, data: DataSplits | None, run: Run, loss: Loss | None = None
) -> Pieces:
    """A training whose run folder has no state yet."""
    pieces, expected = begin(options, module, data, loss), run.data_sha256()
    if data is None and expected != pieces.splits.fingerprint():
        left = without_lost(options, pieces.splits, run, expected, None, lambda: _open(options, keep_unreadable=True))
        if left is not None:
            return replace(begin(options, module, left[0], loss), origin=left[1])
    _check_same_data(pieces.splits, expected, run.path)
    return pieces


def _check_same_data(splits: DataSplits, expected: str | None, run: Path) -> None:
    """DataError if the data have another checksum than when the run began."""
    if expected is not None and expected != splits.fingerprint():
        raise DataError(
            f"The data have changed since {run} began: {splits.found} now has another checksum than the manifest "
            "says. Put the old data back, or start a new run. If images are only lost, --resume with "
            "--on-unreadable skip goes on without them."
        )


def _parts(options: FitOptions, data: DataSplits | None, **like: Any) -> DataSplits:
    splits = data or _open(options, **like)
    return splits if options.overfit is None else few(splits, options.overfit, options.seed)


def _open(
    options: FitOptions,
    *,
    like: Preprocessing | None = None,
    trained: str | None = None,
    white: int | None = None,
    keep_unreadable: bool = False,
) -> DataSplits:
    return open_as(
        like,
        options.data,
        trained=trained,
        image_size=options.image_size,
        fit=options.fit,
        grey=options.grey,
        task=options.task,
        ignore=options.ignore,
        seed=options.seed,
        val_fraction=options.val_fraction,
        skip_unreadable=options.on_unreadable == "skip",
        keep_unreadable=keep_unreadable,
        cache_bytes=room_for_pictures(options.cache),
        white=white,
    )


def _task(
    options: FitOptions, splits: DataSplits, loss: Loss | None, settings: Mapping[str, Any] | None = None
) -> Task[Any]:
    """settings: of a run that goes on."""
    named = options.to_record()
    return create(options.task, splits.classes, options=named, train=splits.train, loss=loss, settings=settings)


def _network(options: FitOptions, splits: DataSplits, task: Task[Any]) -> Module:
    kind = models.spec(name_of(options), listed=task.networks).kind
    if kind != task.networks:
        raise UsageError(
            f"{options.model} is a network for {kind}, but {splits.name} is for {task.name}. {other_data(kind)}, or "
            f"choose one of the networks that are listed by: cnnkit models --task {task.networks}"
        )
    network = create_module(options, task.outputs, splits.preprocessing.shape)
    if options.weights is not None and network.norms_rest:
        freeze_norms(network)
    return network


def _scored(options: FitOptions, splits: DataSplits, task: Task[Any]) -> frozenset[str]:
    """The parameters whose shapes follow from the classes."""
    H, W, C = splits.preprocessing.shape
    return Network(name_of(options), task.outputs, C, (H, W), options.padding or "default").head()


def _training(options: FitOptions, splits: DataSplits, network: Module) -> Training:
    shape = splits.preprocessing.shape
    if options.weights is None and options.freeze != "trunk" and options.head_lr is None:
        training = Training(options, network)
    else:
        at = cut(network, (1, *shape))
        training = Training(options, network, at, Tail(network, at, shape) if options.views else None)
    training.least_batch = least_batch(network, shape)
    _check_batch(training, len(splits.train))
    return training


def _check_batch(training: Training, images: int) -> None:
    """UsageError where the batches are too small for the network."""
    options, least = training.options, training.least_batch
    if min(int(options.batch_size or 1), images) >= least:
        return
    why = (
        f"{options.model} normalises maps of 1x1 over the images of a batch, which takes at least {least}. "
        "Another --model or larger images may take fewer."
    )
    if options.overfit is not None and options.overfit < least:
        raise UsageError(f"--overfit is {options.overfit}, but {why} Give --overfit {least} or more.")
    if images < least:
        raise DataError(f"There is {images} training image, but {why}")
    raise UsageError(f"--batch-size is {options.batch_size}, but {why} Give --batch-size {least} or more.")
