"""CUDA graphs by a driver that is pretended: what is asked of it, in which order, and what becomes of its refusals."""

import os
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from cnnkit.errors import DeviceMemoryError

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_ENABLE_CUDASIM") == "1", reason="the simulator has no driver")


@pytest.fixture
def driver(monkeypatch):
    """`calls` are those that it was asked; `fails` says what it answers to one."""
    from numba.cuda.cudadrv.driver import CudaAPIError

    from cnnkit.kernels.cuda.machine.driver import captured, device

    calls, fails = [], {}

    def asked(name):
        def call(*args):
            calls.append((name, *args))
            if name in fails:
                raise CudaAPIError(1, f"Call to {name} results in CUDA_ERROR_{fails[name]}")
            return {"cuStreamCreate": 8, "cuStreamEndCapture": "graph", "cuGraphInstantiate": "executable"}.get(name)

        return call

    class Driver:
        def __getattr__(self, name):
            return asked(name)

    context = SimpleNamespace(create_external_stream=lambda handle: SimpleNamespace(handle=handle))
    cuda = SimpleNamespace(
        select_device=lambda index: None,
        current_context=lambda: context,
        stream=lambda: SimpleNamespace(handle=4),
        defer_cleanup=nullcontext,
    )
    for module in captured, device:
        monkeypatch.setattr(module, "cuda", cuda)
    monkeypatch.setattr(captured.api, "driver", Driver())
    monkeypatch.setattr(device, "_thread", SimpleNamespace())
    monkeypatch.setattr(device, "_streams", {})
    monkeypatch.setattr(device, "_pools", {})
    return SimpleNamespace(calls=calls, fails=fails, module=captured, handle=device.handle)


def names(driver):
    return [call[0] for call in driver.calls]


def test_work_is_noted_in_a_stream_of_its_own_and_launched_in_that_of_the_device(driver):
    graph, handle = driver.module.captured(driver.handle, driver.module.room())
    graph.launch()
    assert handle == 8
    assert [call for call in driver.calls if call[0] != "cuStreamCreate"] == [
        ("cuStreamBeginCapture", 8, driver.module.api.binding.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED),
        ("cuStreamEndCapture", 8),
        ("cuGraphInstantiate", "graph", 0),
        ("cuGraphDestroy", "graph"),
        ("cuGraphLaunch", "executable", 4),
    ]
    del graph
    assert driver.calls[-1] == ("cuGraphExecDestroy", "executable")


def test_what_goes_wrong_in_the_work_ends_the_capture_and_is_told(driver):
    with pytest.raises(ZeroDivisionError):
        driver.module.captured(lambda: 1 // 0, driver.module.room())
    assert names(driver)[-2:] == ["cuStreamEndCapture", "cuGraphDestroy"]
    assert driver.handle() == 4  # and the thread's work is done again


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("cuStreamBeginCapture", "NOT_SUPPORTED"),
        ("cuStreamEndCapture", "STREAM_CAPTURE_INVALIDATED"),
        ("cuMemcpyDtoHAsync", "STREAM_CAPTURE_UNSUPPORTED"),
        ("cuGraphInstantiate", "NOT_SUPPORTED"),
    ],
)
def test_what_a_driver_does_not_capture_is_not_repeatable(driver, call, answer):
    driver.fails[call] = answer
    with pytest.raises(driver.module.NotRepeatable):
        driver.module.captured(lambda: driver.module.api.driver.cuMemcpyDtoHAsync(), driver.module.room())


def test_a_device_without_room_for_a_graph_says_so(driver, monkeypatch):
    driver.fails["cuGraphInstantiate"] = "OUT_OF_MEMORY"
    room = driver.module.room()
    monkeypatch.setattr("cnnkit.kernels.cuda.machine.driver.device.free", lambda: 0)
    monkeypatch.setattr(driver.module.pool(), "_free", lambda: 0)
    with pytest.raises(DeviceMemoryError):
        driver.module.captured(lambda: None, room)
    assert names(driver)[-1] == "cuGraphDestroy"
