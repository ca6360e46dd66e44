"""What is said where a device, or its driver, does not do what it was asked: one sentence for each kind of fault.

All that numba-cuda and the packages below it raise of that kind is in `FAULTS`; a kernel that does not compile is none.
"""

import re

from numba.cuda.cudadrv.driver import CudaAPIError
from numba.cuda.cudadrv.error import CudaDriverError, CudaSupportError

from cnnkit.errors import DeviceError

try:  # where launches are cuda.core's, which has its own; it is no public name
    from cuda.core._utils.cuda_utils import CUDAError
except ImportError:
    CUDAError = CudaAPIError

FAULTS: tuple[type[Exception], ...] = (CudaDriverError, CudaSupportError, CUDAError)
FULL = "CUDA_ERROR_OUT_OF_MEMORY"
# Another process has the device for itself, or may not share it.
TAKEN = ("CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA_ERROR_DEVICE_NOT_LICENSED")
# Code that the driver is too old for, or the device.
TOO_NEW = (
    "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
    "CUDA_ERROR_NO_BINARY_FOR_GPU",
    "CUDA_ERROR_INVALID_PTX",
    "CUDA_ERROR_JIT_COMPILER_NOT_FOUND",
)


def fault_of(error: Exception) -> str:
    """The driver's name of a fault, such as CUDA_ERROR_LAUNCH_FAILED; else the first line of what was said."""
    found = re.search(r"CUDA_ERROR_[A-Z0-9_]+", str(error))
    return found[0] if found else (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def told(error: Exception) -> DeviceError:
    """What the user is told of a fault that is no lack of memory."""
    fault = fault_of(error)
    if fault in TAKEN:
        return DeviceError(
            f"The CUDA device is taken ({fault}): another process has it for itself. Wait for its end, choose another "
            "device (--backend cuda:1), or use --backend cpu."
        )
    if fault in TOO_NEW:
        return DeviceError(
            f"The NVIDIA driver refuses the kernels ({fault}): it is older than the packages of cnnkit[cuda], or the "
            "device is. Update the driver, or use --backend cpu."
        )
    return DeviceError(
        f"The CUDA device does not answer any more ({fault}). See with nvidia-smi whether it is still there; what lay "
        "on it is lost."
    )
