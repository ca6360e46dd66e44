"""What is asked of a pretended driver: for a process of its own, begun by `test_pretended_driver.py`."""

import ctypes
import gc
import threading
from importlib import import_module

import numpy as np
import pytest

from cnnkit import kernels, nn, ops, optim
from cnnkit.autograd import Tensor
from cnnkit.errors import DeviceMemoryError
from cnnkit.graph import Learning
from cnnkit.graph.learning import BEFORE
from cnnkit.kernels.shared import devices

DRIVER = ctypes.CDLL(devices.LIBRARY)


def asked(name):
    return DRIVER.asked(name.encode())


def numbers_come_back():
    k = kernels.home()
    for count in (0, 1, 5, 20_000_000):  # the last is too large for locked memory
        host = np.arange(count, dtype=np.float32)
        array = k.put(host)
        assert (k.fetch(array) == host).all() and (k.begin_fetch(k.copy(array))() == host).all()
    del array


def bits_count_as_equal():
    """For kernels compute nothing."""
    for name in "program", "roundtrip":
        import_module(f"cnnkit.kernels.cuda.machine.again.{name}").bits = lambda arrays: []


def a_step_is_two_graphs_and_a_few_launches():
    rng = np.random.default_rng(0)
    network = nn.Sequential(*(nn.Linear(6, 6, rng=rng) for _ in range(20))).train()
    optimiser = optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    learning = Learning(network)
    for step in range(BEFORE + 3):
        before = asked("launches"), asked("graphs")
        optimiser.zero_grad()
        with learning.again():
            loss = ops.cross_entropy(network(Tensor(np.ones((2, 6), np.float32))), np.array([1, 2]))
            loss.backward()
        optim.limit_grad_norm(optimiser.parameters, 1.0)
        optimiser.step()
        launched, graphs = asked("launches") - before[0], asked("graphs") - before[1]
        if step == 0:
            alone = launched
        captured = asked("captured")
    assert graphs == 2 and learning._way.run is not None
    # All kernels are launched still, but for some ten by the two graphs.
    assert alone - 10 < launched <= alone and captured > 50 and launched - captured <= 10
    assert asked("graphs alive") == 2


def what_is_captured_is_given_back():
    gc.collect()
    kernels.home().fetch(kernels.home().zeros((1,)))
    assert asked("graphs alive") == 0


def a_small_network_in_use_is_one_graph():
    k, before = kernels.home(), asked("graphs")
    x = k.put(np.ones((2, 6), np.float32))
    program = k.program(lambda x: [k.add(k.add(x, 1.0), 2.0)], x)
    assert program is not None and asked("graphs") - before == 2  # it was looked at twice
    program(x)
    assert asked("graphs") - before == 3


def another_python_thread_launches_too():
    k, found = kernels.home(), []
    x = k.put(np.ones(3, np.float32))
    thread = threading.Thread(target=lambda: found.append(k.fetch(k.add(x, 1.0))))
    thread.start()
    thread.join()
    assert len(found) == 1


def no_room_is_told():
    with pytest.raises(DeviceMemoryError, match="no room for") as caught:
        kernels.home().zeros((200 << 20,))
    assert caught.value.exit_code == 5


def main():
    with kernels.use(backend="cuda"):
        numbers_come_back()
        another_python_thread_launches_too()
        bits_count_as_equal()
        a_step_is_two_graphs_and_a_few_launches()
        what_is_captured_is_given_back()
        a_small_network_in_use_is_one_graph()
        no_room_is_told()
    with kernels.use(backend="cuda:1"):
        numbers_come_back()
    # Nothing waits that need not, and nothing is in the default stream, whose work is not in the order of ours.
    assert (asked("waiting copies"), asked("in the default stream")) == (0, 0)
    print("all was asked")


main()
