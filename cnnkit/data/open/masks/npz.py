"""Images and masks of an .npz file as data sets, by the rules of arrays that Python code holds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from cnnkit.data.given.parts import GivenPart
from cnnkit.data.layout.masks.ignore import Ignore
from cnnkit.data.open.masks.arrays import mask_parts, masks_of, values_in
from cnnkit.data.sets.masks.array_masks import ArrayMasks
from cnnkit.data.sets.npz import Part
from cnnkit.data.targets import VOID
from cnnkit.errors import UsageError
from cnnkit.kernels.shared.array import Host


def npz_masks(
    path: Path,
    parts: Mapping[str, Part],
    names: list[str] | None,
    *,
    name: str,
    notes: list[str],
    window: tuple[int, int] | None,
    ignore: Ignore,
    learn: bool,
    network: Sequence[str],
) -> dict[str, ArrayMasks]:
    """Part -> images (n, H, W, C) with masks (n, H, W).

    names: of the classes, as the file has them; else those of the `network` that is judged, else the values found.
    window: what training sees of an image.   ignore: values that are void as well.

    Raises:
        DataError: they are no masks for these images; the file is named.
    """
    where = f"{path}: "
    masks = {part: _masks(where, came, ignore) for part, came in parts.items()}
    classes = names or list(network)
    if learn or not classes:
        # Told of gaps is who must know the classes by their numbers.
        found = values_in(masks.values(), [] if classes else notes, where)
        classes = classes or [str(value) for value in found]
    return mask_parts(
        {part: (came.images, masks[part]) for part, came in parts.items()},
        name=name,
        classes=classes,
        notes=notes,
        window=window,
        called={part: came.name for part, came in parts.items()},
        where=where,
    )


def _masks(where: str, part: Part, ignore: Ignore) -> Host:
    masks = masks_of(GivenPart(part.images, part.labels, part.name, f"{where}{part.label_name}"), part.images)
    if ignore.nothing and bool((masks == VOID).any()):
        raise UsageError(
            f"--ignore is none, but in arrays {VOID} is always void. Give that class another number, or leave "
            "--ignore out."
        )
    return np.where(np.isin(masks, ignore.values), VOID, masks) if ignore.values else masks
