"""What is told where the driver fails, by a driver that is pretended: no room, no answer, too old, taken by another."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from cnnkit.errors import DeviceError, DeviceMemoryError

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_ENABLE_CUDASIM") == "1", reason="the simulator has no driver")
MB = 1 << 20


@pytest.fixture
def chip(monkeypatch):
    """The module over a device of 100 MB, of which another process holds 60; `fails` is what its driver says next."""
    from numba.cuda.cudadrv.driver import CudaAPIError

    from cnnkit.kernels.cuda.machine.driver import chip, device

    fails: dict[str, str] = {}

    def asked(call):
        if call in fails:
            raise CudaAPIError(1, f"Call to {call} results in CUDA_ERROR_{fails[call]}")

    taken = []

    def allocated(size):
        asked("cuMemAlloc")
        if sum(taken) + size > 40 * MB:
            raise CudaAPIError(2, "Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY")
        taken.append(size)
        return SimpleNamespace(device_pointer_value=512 * len(taken))

    def memory():
        asked("cuMemGetInfo")
        return SimpleNamespace(free=40 * MB - sum(taken), total=100 * MB)

    context = SimpleNamespace(memalloc=allocated, get_memory_info=memory)
    found = SimpleNamespace(compute_capability=(9, 0), name=b"Pretended", MULTIPROCESSOR_COUNT=2, CLOCK_RATE=1000)
    stream = SimpleNamespace(handle=4, synchronize=lambda: None)
    cuda = SimpleNamespace(
        select_device=lambda index: asked("cuDevicePrimaryCtxRetain"),
        current_context=lambda: context,
        get_current_device=lambda: found,
        pinned_array=np.empty,
        stream=lambda: stream,
        event=lambda timing: SimpleNamespace(record=lambda stream: None, query=lambda: True),
    )
    driver = SimpleNamespace(cuMemcpyHtoDAsync=lambda *args: asked("cuMemcpyHtoD"), get_version=lambda: (13, 0))
    monkeypatch.setattr(chip.api, "driver", driver)
    for module in chip, device:
        monkeypatch.setattr(module, "cuda", cuda)
    for name in "_pools", "_streams":
        monkeypatch.setattr(device, name, {})
    monkeypatch.setattr(device, "_thread", SimpleNamespace())
    monkeypatch.setattr(chip, "_stagings", {})
    return SimpleNamespace(module=chip, fails=fails)


def test_room_is_what_is_free_not_what_the_device_has(chip):
    kept = chip.module.take(10 * MB // 4, np.dtype(np.float32))
    assert chip.module.facts()["memory"] == 30 * MB
    assert "0.0 of 0.1 GB free" in chip.module.description()
    with pytest.raises(
        DeviceMemoryError, match="no room for 34 MB more: arrays take 10 MB and 31 MB are free"
    ) as caught:
        chip.module.take(8 * MB, np.dtype(np.float32))
    assert caught.value.exit_code == 5 and caught.value.used == 10 * MB and caught.value.free == 30 * MB
    del kept
    assert chip.module.facts()["memory"] == 40 * MB  # what waits in the pool is free too


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("ILLEGAL_ADDRESS", r"does not answer any more \(CUDA_ERROR_ILLEGAL_ADDRESS\).*nvidia-smi"),
        ("UNSUPPORTED_PTX_VERSION", r"driver refuses the kernels.*older than the packages.*--backend cpu"),
    ],
)
def test_a_device_that_does_not_answer_is_told_in_a_sentence(chip, fault, told):
    there = chip.module.take(4, np.dtype(np.float32))
    chip.fails["cuMemcpyHtoD"] = fault
    with pytest.raises(DeviceError, match=told) as caught:
        chip.module.upload(there, np.ones(4, np.float32))
    assert caught.value.exit_code == 1


def test_a_device_that_another_process_has_for_itself(chip):
    chip.fails["cuDevicePrimaryCtxRetain"] = "DEVICE_UNAVAILABLE"
    with pytest.raises(DeviceError, match=r"is taken .*another process.*--backend cuda:1"):
        chip.module.select(0)
    chip.fails |= {"cuDevicePrimaryCtxRetain": "OUT_OF_MEMORY", "cuMemGetInfo": "INVALID_CONTEXT"}
    with pytest.raises(DeviceMemoryError, match="no room for another process"):
        chip.module.select(0)


def test_a_launch_that_fails_is_told_alike(chip, monkeypatch):
    from cnnkit.kernels.cuda.machine.driver import faults
    from cnnkit.kernels.cuda.machine.launch import Kernel

    def launched(*args):
        raise faults.CUDAError(said)

    kernel = Kernel(lambda x: None, "pretended", None)
    monkeypatch.setattr(kernel, "_record", lambda args: SimpleNamespace(launch=launched))
    said = "CUDA_ERROR_LAUNCH_FAILED: An exception occurred on the device while executing a kernel."
    with pytest.raises(DeviceError, match=r"any more \(CUDA_ERROR_LAUNCH_FAILED\)\. See"):
        kernel(1, 1, 0.5)
    said = "CUDA_ERROR_OUT_OF_MEMORY: The API call failed because it was unable to allocate enough memory"
    with pytest.raises(DeviceMemoryError, match="no room for what a kernel needs beside arrays: arrays take 0 MB"):
        kernel(1, 1, 0.5)


def test_a_second_device_has_memory_of_its_own(chip):
    first = chip.module.take(4, np.dtype(np.float32))
    chip.module.select(1)
    try:
        assert chip.module.pool().used == 0
        del first
        assert chip.module.pool().waiting == 0
    finally:
        chip.module.select(0)
    assert chip.module.pool().waiting == 512
