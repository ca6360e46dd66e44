"""Features of a frozen trunk on disk, beside the state, so that a run that goes on need not compute them again.

They are a cache: read only where they are whole and belong to these weights and images, and removed when the run ends.
With them or without, a run has the same bits.
"""

import hashlib

from cnnkit import kernels
from cnnkit.config import available_memory
from cnnkit.data.open.splits import DataSplits
from cnnkit.engine.finetune.features import Features
from cnnkit.engine.run.folder import Run
from cnnkit.engine.run.state import Training
from cnnkit.errors import CheckpointError, CnnkitError
from cnnkit.nn.module import Parameter
from cnnkit.serialize import files, safe

# More is not kept; nor what is written more slowly than it is computed: so many bytes are worth a second.
LARGEST, PER_SECOND, SMALL = 1 << 30, 20 << 20, 4 << 20
# What a file is packed and read through, in its own sizes; and what its header has at most.
COPIES, HEADER = 3, 1 << 16


def key(training: Training, splits: DataSplits) -> str:
    """A sha256 of all that decides the features: frozen weights, images, what is done to these, and what computes."""
    options = training.options
    digest = hashlib.sha256(splits.fingerprint().encode())
    changes = [*sorted(options.changes().items()), *options.things()]
    choices = (options.model, options.seed, options.views, options.augment, changes)
    digest.update(repr((choices, splits.preprocessing, kernels.backend())).encode())
    for name, module in training.module.named_modules():
        if module.frozen:
            own = {label: value.data for label, value in vars(module).items() if isinstance(value, Parameter)}
            own |= {label: getattr(module, label) for label in module._buffer_names}
            for label, array in sorted(own.items()):
                digest.update(f"{name}.{label} {array.shape}".encode() + kernels.of(array).fetch(array).tobytes())
    return digest.hexdigest()


def keep(run: Run, features: Features, name: str, seconds: float) -> str | None:
    """Write features that took so many seconds; a note where they are not kept, for a run does not fail of that."""
    size = features.train.nbytes + features.val.nbytes
    free = available_memory()
    cheap = size <= max(SMALL, PER_SECOND * seconds)
    if size > LARGEST or not cheap or (free is not None and COPIES * size > free):
        return (
            f"These features ({size / 1e6:,.0f} MB) are not saved: if the run is resumed, they are computed again, "
            f"in about {seconds:.0f} s."
        )
    try:
        safe.save(run.features, {"train": features.train, "val": features.val}, {"kind": "features", "key": name})
    except CnnkitError as error:
        files.remove(run.features)
        return f"The features are not saved ({error}) If the run is resumed, they are computed again."
    return None


def take(run: Run, features: Features, name: str) -> bool:
    """Fill `features` from the run's file, if it is whole and belongs to these weights and images."""
    expected = features.train.nbytes + features.val.nbytes
    try:
        if not expected <= run.features.stat().st_size <= expected + HEADER:
            return False
        arrays, record = safe.load(run.features)
    except (CheckpointError, OSError):
        return False
    train, val = arrays.get("train"), arrays.get("val")
    if train is None or val is None or record.get("key") != name:
        return False
    if (train.shape, val.shape) != (features.train.shape, features.val.shape) or train.dtype != "float32":
        return False
    features.train, features.val = train, val
    return True
