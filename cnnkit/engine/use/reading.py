"""Data as a network reads them: the one way from a record of preprocessing to opened data.

Training from weights, resuming, evaluating and showing all come through here, so none can read pictures in its own way.
"""

from pathlib import Path

from cnnkit.data.open.source import open_data
from cnnkit.data.open.splits import VAL_FRACTION, DataSplits
from cnnkit.data.sets.picture_cache import CACHE_BYTES
from cnnkit.data.view.preprocessing import Preprocessing


def open_as(
    preprocessing: Preprocessing | None,
    data: str | Path | None,
    *,
    image_size: tuple[int, int] | None = None,
    grey: bool | None = None,
    seed: int = 0,
    val_fraction: float = VAL_FRACTION,
    skip_unreadable: bool = False,
    keep_unreadable: bool = False,
    cache_bytes: int = CACHE_BYTES,
    white: int | None = None,
    learn: bool = True,
) -> DataSplits:
    """Open data whose pictures are brought to size and colour as `preprocessing` says; None is as they are found.

    image_size, grey: overrule it. Images in arrays are used as they are; whether they fit is for the caller to check.
    learn: False for data that only judge a network: then classes may lack images.
    white: what is white in pictures; None is told from them, as for data that nothing was trained on yet.
    """
    return open_data(
        data,
        image_size=image_size,
        grey=grey,
        like=None if preprocessing is None else preprocessing.shape,
        # The rule of digits is for photos of paper; a folder of digits may be a data set's own images.
        fit="crop" if preprocessing is None or preprocessing.fit == "digit" else preprocessing.fit,
        seed=seed,
        val_fraction=val_fraction,
        on_unreadable="keep" if keep_unreadable else "skip" if skip_unreadable else "refuse",
        cache_bytes=cache_bytes,
        white=white,
        learn=learn,
    )
