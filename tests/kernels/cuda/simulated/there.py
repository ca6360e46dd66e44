"""Operands brought to the device, results brought back."""

import numpy as np

from cnnkit.kernels import cuda


def there(value):
    """The same with every array on the device."""
    if isinstance(value, np.ndarray):
        return cuda.put(value)
    if isinstance(value, list):
        return [there(item) for item in value]
    if isinstance(value, dict):
        return {name: there(item) for name, item in value.items()}
    return tuple(map(there, value)) if type(value) is tuple else value


def here(value):
    return tuple(map(here, value)) if isinstance(value, tuple) else value if value is None else cuda.fetch(value)


def computed(name, *args, **options):
    """What a kernel of CUDA gives, in NumPy's arrays."""
    return here(getattr(cuda, name)(*there(args), **there(options)))
