"""Which CUDA devices answer, asked of NVIDIA's driver alone: no package of CUDA's is imported, so it takes no time.

found = devices.cuda()
found.devices, found.lacks        # 0, "there is no NVIDIA driver on this machine (libcuda.so.1)"
"""

import ctypes
import os
import sys
from functools import cache
from importlib.util import find_spec
from typing import NamedTuple

from cnnkit.config import is_backend

# The least that the packages of the extra want of a driver (setup.cfg): CUDA 13.0.
LEAST = 13_000
NO_DEVICE = 100  # CUDA_ERROR_NO_DEVICE
LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
# Whether --backend auto takes CUDA where a device answers: once the kernels have been run on one. The manual says which
# (docs/cuda.md), so both change together.
CHOSEN_BY_ITSELF = False


class Found(NamedTuple):
    """devices: how many may be used.   driver: the CUDA version that the driver knows, as 13000 for 13.0; 0: none.

    lacks: what is missing where there is no device, for the middle of a sentence.
    """

    devices: int
    driver: int
    lacks: str


def is_simulated() -> bool:
    """Whether Numba's simulator takes a device's place (NUMBA_ENABLE_CUDASIM, read by Numba when it is imported)."""
    return os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0")


def is_installed() -> bool:
    """Whether the extra is."""
    return find_spec("numba_cuda") is not None


@cache
def cuda() -> Found:
    """The devices that the driver lets this process use."""
    try:
        driver = ctypes.CDLL(LIBRARY)
    except OSError:
        return Found(0, 0, f"there is no NVIDIA driver on this machine ({LIBRARY})")
    version, count = ctypes.c_int(0), ctypes.c_int(0)
    # The version is known before all else: a driver that is too old may fail to begin, and would not say why.
    if not driver.cuDriverGetVersion(ctypes.byref(version)) and version.value < LEAST:
        knows, wants = (f"{number // 1000}.{number % 1000 // 10}" for number in (version.value, LEAST))
        return Found(
            0, version.value, f"the NVIDIA driver knows CUDA {knows} and would have to know {wants}: update the driver"
        )
    failed = driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count))
    if failed and failed != NO_DEVICE:
        return Found(0, version.value, f"the NVIDIA driver does not begin (its error {failed}){_hidden()}")
    if not count.value:
        return Found(0, version.value, f"the NVIDIA driver finds no device{_hidden()}")
    return Found(count.value, version.value, "")


def _hidden() -> str:
    """What the environment leaves of the devices, in brackets, if it says so."""
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    return "" if shown is None else f" (CUDA_VISIBLE_DEVICES is {shown!r:.60})"


def index_of(name: str) -> int | None:
    """Which device "cuda" or "cuda:1" names; None for a name of another kind."""
    kind, _, number = name.partition(":")
    return int(number or 0) if kind == "cuda" and is_backend(name) else None


def refusal(name: str) -> str:
    """Why this device cannot be used, in a sentence that says how it could be; empty where it can."""
    if not is_installed():
        return "CUDA needs packages that are not installed: pip install 'cnnkit[cuda]'. Or use --backend cpu."
    if is_simulated():
        return ""
    found = cuda()
    if not found.devices:
        return f"No CUDA device answers: {found.lacks}; cnnkit[cuda] needs one. Use --backend cpu."
    if (index_of(name) or 0) >= found.devices:
        return (
            f"There is no device {name}: this process may use {found.devices}{_hidden()}, of which the first is cuda:0."
        )
    return ""
