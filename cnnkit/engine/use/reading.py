"""Data as a network reads them: the one way from a record of preprocessing to opened data.

Training from weights, resuming, evaluating and showing all come through here, so none can read pictures in its own way.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from cnnkit.data.open.source import open_data
from cnnkit.data.open.splits import VAL_FRACTION, DataSplits
from cnnkit.data.sets.picture_cache import CACHE_BYTES
from cnnkit.data.view.preprocessing import Fit, Preprocessing
from cnnkit.tasks.registry import DEFAULT


def open_as(
    preprocessing: Preprocessing | None,
    data: str | Path | None,
    *,
    trained: str | None = None,
    image_size: tuple[int, int] | None = None,
    fit: str | None = None,
    grey: bool | None = None,
    task: str | None = None,
    ignore: str | None = None,
    seed: int = 0,
    val_fraction: float = VAL_FRACTION,
    skip_unreadable: bool = False,
    keep_unreadable: bool = False,
    cache_bytes: int = CACHE_BYTES,
    white: int | None = None,
    learn: bool = True,
    network: Sequence[str] = (),
) -> DataSplits:
    """Open data whose pictures are brought to size and colour as `preprocessing` says; None is as they are found.

    trained: the task of the network that reads so. One that told the class of a picture says nothing of the size of
    pictures with masks or boxes.
    image_size, fit, grey: overrule it. Images in arrays are used as they are; whether they fit is for the caller to
    check.
    task: what the data are for, where they can be read in several ways.   ignore: values of masks that are void.
    learn: False for data that only judge a network: then classes may lack images.
    network: the classes of that network, which masks without names are taken to show.
    white: what is white in pictures; None is told from them, as for data that nothing was trained on yet.
    """
    like_fit: Fit | None = None
    if preprocessing is not None:
        # The rule of digits is for photos of paper; a folder of digits may be a data set's own images.
        like_fit = "crop" if preprocessing.fit == "digit" else preprocessing.fit
    return open_data(
        data,
        image_size=image_size,
        grey=grey,
        like=None if preprocessing is None else preprocessing.shape,
        like_fit=like_fit,
        like_task=trained or DEFAULT,
        fit=cast(Fit | None, fit),
        task=task,
        ignore=ignore,
        seed=seed,
        val_fraction=val_fraction,
        on_unreadable="keep" if keep_unreadable else "skip" if skip_unreadable else "refuse",
        cache_bytes=cache_bytes,
        white=white,
        learn=learn,
        network=network,
    )
