"""Which random changes the training images go through, and the one that is chosen by what they show."""

from cnnkit.data.open.splits import DataSplits
from cnnkit.data.transforms.compose import augmentation, of_things
from cnnkit.data.transforms.signs import look_like_signs
from cnnkit.engine.records.options import FitOptions


def shows_windows(splits: DataSplits) -> bool:
    """Whether a training is shown windows of its pictures: where each pixel has a class."""
    return splits.task == "segmentation"


def changes_of(options: FitOptions, splits: DataSplits) -> list[str]:
    """The names of the changes that resolved options ask for, in the order in which they are made."""
    H, W, _ = splits.preprocessing.shape
    fill = splits.preprocessing.fill
    made = augmentation(
        str(options.augment),
        options.changes(),
        mirror=splits.mirror,
        image_size=(H, W),
        fill=fill if shows_windows(splits) else None,
        things=of_things(options.things(), fill),
    )
    return ["mosaic", *made] if options.mosaic else [*made]


def choose_flip(options: FitOptions, splits: DataSplits) -> tuple[FitOptions, list[str]]:
    """Resolved options, without mirrored images where these would be wrong; and a note on that.

    What the user said stays. The choice is kept in the options, so a run that goes on does not choose again. Masks and
    boxes are mirrored along, so they stay right whatever the picture shows, and cells on plain ground are not taken for
    signs.
    """
    made = changes_of(options, splits)
    if options.flip is not None or "flip" not in made or not splits.train.labelled:
        return options, []
    if not look_like_signs(splits.train, options.seed):
        return options, []
    return options.replace(flip=False), [
        "Pictures are not flipped: they are grey and plain, like digits or text, and some would become wrong examples. "
        "--flip flips them."
    ]
