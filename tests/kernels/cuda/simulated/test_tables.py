"""Tables that stay on a device: made once for each, also where a process uses one device after another."""

import numpy as np
import pytest

from cnnkit import kernels
from cnnkit.bench.rivals.known import place
from cnnkit.kernels.cuda.elementwise import lists
from cnnkit.kernels.cuda.machine.home import kept
from cnnkit.kernels.cuda.machine.launch import chip
from cnnkit.kernels.cuda.shape import channels, resize

pytestmark = pytest.mark.usefixtures("on_cuda")


def test_a_table_is_made_once_for_each_device(monkeypatch):
    made = []
    table = kept(4)(lambda *args: made.append(args) or len(made))
    assert table(1, 2) == table(1, 2) == 1
    monkeypatch.setattr(chip, "selected", lambda: 1)
    assert table(1, 2) == 2
    monkeypatch.setattr(chip, "selected", lambda: 0)
    assert table(1, 2) == 1 and made == [(1, 2), (1, 2)]


@pytest.mark.parametrize(
    ("table", "args"),
    [
        (lists.each, ((0.5, 1.0),)),
        (lists._pieces, ((3, 5),)),
        (lists._table, ((16, 32),)),
        (channels._table, ((1, 0),)),
        (resize._sources, (3, 5, False, False)),
        (resize._readers, (3, 5, False, False)),
    ],
)
def test_no_kernel_is_given_a_table_of_another_device(table, args, monkeypatch):
    first = table(*args)
    assert table(*args) is first
    monkeypatch.setattr(chip, "selected", lambda: 1)
    other = table(*args)
    assert other is not first
    for a, b in zip(*(t if isinstance(t, tuple) else (t,) for t in (first, other)), strict=True):
        assert not kernels.home().same_memory(a, b)
        np.testing.assert_array_equal(kernels.home().fetch(a), kernels.home().fetch(b))


def test_torch_is_given_the_device_that_was_asked_for(monkeypatch):
    assert place() == "cuda:0"
    monkeypatch.setattr(chip, "selected", lambda: 1)
    assert place() == "cuda:1"
    with kernels.use(backend="cpu"):
        assert place() == "cpu"
