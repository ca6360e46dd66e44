"""The vectors' functions by name: without the JIT plain Python, else what only Numba knows (machine/code/later.py)."""

from importlib import import_module
from typing import Any

from cnnkit.kernels.cpu.machine.code.later import Later
from cnnkit.kernels.cpu.machine.code.settings import DISABLE_JIT

# (intrinsics, the same as plain Python, names)
_PLACES = (
    ("memory", "plain", "floats_at keep_where load load_first load_or_zero prefetch splat store store_codes"),
    ("memory", "plain", "store_first stream"),
    ("tile", "plain", "evens odds tile transpose zip_high zip_low"),
    ("value", "plain", "absolute exponent fill first_lane fma reduce_add reduce_max rolled scale_by_power"),
    ("value", "plain", "select_equal select_less sqrt truncate vmax vmin zero"),
    ("codes_vector", "codes_plain", "fill_code keep_code keep_code_first pick_greater store_code store_code_first"),
)
_FOUND = {name: (compiled, plain) for compiled, plain, names in _PLACES for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _FOUND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    compiled, plain = _FOUND[name]
    if DISABLE_JIT:
        return getattr(import_module(f"cnnkit.kernels.cpu.simd.{plain}"), name)
    return Later(f"cnnkit.kernels.cpu.simd.{compiled}", name)
