"""What is chosen where the user chose nothing: one row per data set, found by its name."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import final

from cnnkit.engine.records.options import ENDS, FitOptions
from cnnkit.tasks.registry import find


@final
@dataclass(frozen=True)
class Defaults:
    """One row of the table."""

    model: str
    epochs: int
    batch_size: int
    lr: float
    optimiser: str = "sgd"
    weight_decay: float = 5e-4
    schedule: str = "one-cycle"
    augment: str = "light"
    keep: str = "best"
    most_epochs: int = 60


BY_DATA = {
    "digits": Defaults("digitnet", epochs=10, batch_size=64, lr=0.05),
    "mnist": Defaults("digitnet", epochs=12, batch_size=128, lr=0.1),
    "fashion-mnist": Defaults("digitnet", epochs=12, batch_size=128, lr=0.1),
    "cifar10": Defaults("resnet20", epochs=15, batch_size=128, lr=0.1),
    "cifar100": Defaults("resnet20", epochs=15, batch_size=128, lr=0.1),
}
OTHERWISE = Defaults("convnet", epochs=15, batch_size=32, lr=0.01)
# On 1,000 images of CIFAR-10, in 34 epochs: 57 %, as ResNet-20 in twice the time; convnet, in 15, came to 45 %.
PHOTOS = Defaults("resnet9_x0_25", epochs=15, batch_size=32, lr=0.05)
# Masks: Adam's steps need no rate of the data's own. Each epoch shows other windows at other scales, so that thirty
# pictures are not known by heart for long, and one of them is as much to learn from as many photos with a class each.
MASKS = Defaults(
    "unet_bn_w16_d3",
    epochs=30,
    batch_size=8,
    lr=0.05,
    optimiser="adamw",
    weight_decay=1e-4,
    augment="standard",
    most_epochs=200,
)
# Boxes: likewise; but a picture is shown as a whole, or most of it.
BOXES = Defaults(
    "yolo_nano",
    epochs=30,
    batch_size=8,
    lr=0.01,
    optimiser="adamw",
    weight_decay=1e-4,
    augment="light",
    most_epochs=200,
)
# A head alone: its loss is nearly convex, so the end of the schedule is better than the epoch that some twenty images
# choose. Steps are small beside features of some hundreds: the head is best where it has just learned the images.
HEAD = Defaults("convnet", epochs=15, batch_size=32, lr=1e-3, optimiser="adamw", weight_decay=1e-2, keep="last")
HEAD_ADAM_RATE = 1e-4
BY_TASK = {"segmentation": MASKS, "detection": BOXES}
# Up to so many images, weights from elsewhere keep their trunk; more can teach the whole network.
FEW_IMAGES = 5000
# (fewer training images than, at least so many epochs, level): where the data set has no row and a mirror keeps its
# images' meaning. Few images are learned by heart, but only in many epochs: on 1,000 images of CIFAR-10, strong gained
# ResNet-20 2 % in 60 epochs and lost it 4 % in 15. Else it is the row's level.
AUGMENT_BY_SIZE = ((2_000, 40, "strong"), (50_000, 20, "standard"))
# The network for photos takes no smaller ones.
SMALLEST_PHOTO = 8
# Adam's steps do not shrink with the gradient, so its rate is of another size.
ADAM_RATE = 1e-3
# A trunk that begins with good weights moves in smaller steps than a head that begins anew.
TRUNK_SHARE = 10


def resolve(options: FitOptions, data_name: str, *, images: int = 0, photos: int | None = None) -> FitOptions:
    """The options with nothing left open but what means "as found"; what the user gave stays.

    images: in the training part, 0 if that is unknown: few are shown more often, but for a whole network with weights.
    photos: how many training images there are, if a mirror keeps their meaning; None: it does not, or who knows.
    """
    frozen = options.freeze == "trunk"
    anew = photos is not None and options.weights is None
    row = HEAD if frozen else BY_DATA.get(data_name, PHOTOS if anew else OTHERWISE)
    if options.task in BY_TASK:
        whole = BY_TASK[options.task]
        row = replace(HEAD, batch_size=whole.batch_size) if frozen else whole
    optimiser = options.optimiser or row.optimiser
    rate = row.lr if optimiser == "sgd" else HEAD_ADAM_RATE if frozen else ADAM_RATE
    head_rate = None
    if options.weights is not None and not frozen:
        rate, head_rate = rate / TRUNK_SHARE, rate
    epochs = options.epochs
    if all(getattr(options, name) is None for name in ENDS):
        alone = frozen or (row in (OTHERWISE, PHOTOS, MASKS, BOXES) and options.weights is None)
        epochs = _epochs(row, images) if alone else row.epochs
    return options.replace(
        model=options.model or row.model,
        epochs=epochs,
        batch_size=row.batch_size if options.batch_size is None else options.batch_size,
        lr=rate if options.lr is None else options.lr,
        head_lr=head_rate if options.lr is None and options.head_lr is None else options.head_lr,
        optimiser=optimiser,
        weight_decay=row.weight_decay if options.weight_decay is None else options.weight_decay,
        schedule=options.schedule or row.schedule,
        augment=options.augment or _augment(row, photos, epochs),
        keep=options.keep or row.keep,
    ).validate()


def chosen(
    asked: FitOptions, options: FitOptions, data_name: str, images: int, changes: Iterable[str] = ()
) -> list[str]:
    """What was decided for data without a row of their own, for whoever may want it otherwise.

    changes: the names of what the level of augmentation makes of these images.
    """
    if options.freeze == "trunk":
        notes = []
        if asked.freeze is None:
            notes.append(
                f"{images:,} images are few: the trunk is frozen, and only the head is trained. "
                "--freeze none trains the whole network."
            )
        if asked.keep is None and options.keep == "last":
            notes.append("The weights of the last epoch are kept; --keep best keeps those of the best validation.")
        mixed = options.mixup or options.cutmix
        if find(options.task).labelled and not options.views and asked.views is None and not mixed:
            notes.append(
                "The features of the frozen trunk do not fit into memory (--cache), so they are computed at every step."
            )
        return notes
    if data_name in BY_DATA or options.weights is not None or options.overfit is not None:
        return []
    made = ", ".join(changes)
    words = {
        "model": f"{options.model}",
        "epochs": f"{options.epochs} epochs",
        "augment": f"{options.augment} augmentation" + (f" ({made})" if made else ""),
    }
    open_names = [name for name in words if getattr(asked, name) is None and getattr(options, name) is not None]
    return [f"Chosen for {images:,} images: {', '.join(words[name] for name in open_names)}."] if open_names else []


def _epochs(row: Defaults, images: int) -> int:
    """So many that the steps in all grow with the root of the number of images, up to FEW_IMAGES."""
    often = math.sqrt(FEW_IMAGES / images) if images else 1.0
    return max(row.epochs, min(row.most_epochs, round(row.epochs * often)))


def _augment(row: Defaults, photos: int | None, epochs: int | None) -> str:
    if row is not PHOTOS or photos is None or epochs is None:
        return row.augment
    fitting = (level for images, least, level in AUGMENT_BY_SIZE if photos < images and epochs >= least)
    return next(fitting, row.augment)
