"""Which kernels a call launches, and with which types, found out without a device: nothing runs."""

from contextlib import contextmanager
from unittest import mock

import numpy as np

from cnnkit.kernels import cuda
from cnnkit.kernels.cuda.machine import home, rehearsal
from cnnkit.kernels.cuda.machine.array import DeviceArray
from cnnkit.kernels.cuda.machine.launch import signature_of
from cnnkit.kernels.shared import precision


def blank(value):
    """The same with an array without memory in the place of every array."""
    if isinstance(value, np.ndarray):
        return DeviceArray(None, value.shape, value.dtype)
    if isinstance(value, list):
        return [blank(item) for item in value]
    if isinstance(value, dict):
        return {name: blank(item) for name, item in value.items()}
    return tuple(map(blank, value)) if type(value) is tuple else value


@contextmanager
def in_tf32(capability):
    """Inside, TF32 is chosen, on a device of that compute capability."""
    before = precision.choose("tf32")
    try:
        with mock.patch.object(home.chip, "capability", return_value=capability):
            yield
    finally:
        precision.choose(before)


def launched(name, *args, **options):
    """(kernel, signature) of each launch of a call."""
    found = {}
    with (
        mock.patch.object(home, "_kept", lambda shape, dtype: DeviceArray(None, shape, dtype)),
        mock.patch.object(home.chip, "upload", return_value=None),
        mock.patch.object(DeviceArray, "flat", None),
        rehearsal.told_to(lambda kernel, args: found.setdefault((kernel, signature_of(args)))),
    ):
        getattr(cuda, name)(*blank(args), **blank(options))
    return list(found)
