"""Many filters are held in one form alone, and are there again when they are asked for."""

import numpy as np
import pytest

from cnnkit.kernels import cpu
from cnnkit.kernels.cpu.conv import schedule
from cnnkit.kernels.cpu.conv.gather import forward_gather
from cnnkit.kernels.cpu.conv.schedule import direct
from cnnkit.kernels.shared.geometry import Window


@pytest.fixture
def few_are_many(monkeypatch):
    monkeypatch.setattr(direct, "MANY", 1)


# As fc6 and fc7 of a VGG that convolves; 330 channels do not fill the last panel.
@pytest.mark.parametrize("shape", [(7, 7, 6, 512), (1, 1, 300, 330)])
def test_filters_that_were_let_go_give_the_same_sums_and_come_back_bit_by_bit(few_are_many, rng, shape):
    w = rng.standard_normal(shape).astype(np.float32)
    # Many pixels and few: these would read filters where they lie, were there fewer channels.
    many, few = (rng.standard_normal((1, side, side, shape[2])).astype(np.float32) for side in (40, 7))
    kept, let_go = cpu.pack(w), cpu.pack(w, keep=False)
    assert cpu.unpack(kept) is w and let_go._w is None
    for x in (many, few):
        np.testing.assert_array_equal(cpu.conv2d(x, let_go, Window()), cpu.conv2d(x, kept, Window()))
    with cpu.shapes_only():
        cpu.conv2d(many, let_go, Window())
    assert let_go._w is None
    back = cpu.unpack(let_go)
    assert back is not w and back.tobytes() == w.tobytes()
    dy = cpu.conv2d(few, kept, Window())
    np.testing.assert_array_equal(
        cpu.conv2d_dx(dy, cpu.pack(w, keep=False), few.shape, Window()), cpu.conv2d_dx(dy, w, few.shape, Window())
    )


@pytest.mark.parametrize(("shape", "groups"), [((3, 3, 8, 512), 1), ((1, 1, 4, 512), 2), ((1, 1, 512, 16), 1)])
def test_filters_that_are_wanted_in_several_forms_are_kept(few_are_many, rng, shape, groups):
    w = rng.standard_normal(shape).astype(np.float32)
    assert cpu.unpack(cpu.pack(w, groups, keep=False)) is w


def test_few_filters_are_kept(rng):
    w = rng.standard_normal((1, 1, 8, 512)).astype(np.float32)
    assert cpu.unpack(cpu.pack(w, keep=False)) is w


@pytest.mark.parametrize("side", [13, 16])  # an odd image ends at the border, an even one does not
def test_lasting_filters_read_strided_images_without_a_border_to_the_same_bits(side, rng):
    x, w = rng.standard_normal((3, side, side, 20), np.float32), rng.standard_normal((3, 3, 20, 70), np.float32)
    win = Window(2, 2, 1, 1, 1, 1)
    kept = cpu.pack(w)
    assert forward_gather(x.shape, w.shape, win, 1, skip=True, lasting=True).border == (0, 0, 0, 0)
    for _ in range(2):
        np.testing.assert_array_equal(cpu.conv2d(x, kept, win), cpu.conv2d(x, w, win))


def test_filters_of_few_pixels_are_laid_out_for_many_calls_to_the_same_bits(rng):
    x, w = rng.standard_normal((1, 5, 6, 33), np.float32), rng.standard_normal((1, 1, 33, 128), np.float32)
    kept = cpu.pack(w)
    np.testing.assert_array_equal(cpu.conv2d(x, kept, Window()), cpu.conv2d(x, w, Window()))


def test_filters_that_may_be_let_go_are_held_in_panels_alone_once_there_are_any(rng):
    x, w = rng.standard_normal((1, 6, 6, 33), np.float32), rng.standard_normal((3, 3, 33, 70), np.float32)
    win = Window(2, 2, 1, 1, 1, 1)
    kept, spare = cpu.pack(w), cpu.pack(w, keep=False)
    assert cpu.unpack(spare) is w
    np.testing.assert_array_equal(cpu.conv2d(x, spare, win), cpu.conv2d(x, kept, win))
    assert spare._w is None and cpu.unpack(kept) is w
    assert cpu.unpack(spare).tobytes() == w.tobytes()


def test_of_few_tiles_lasting_filters_are_transformed_in_the_tasks_to_the_same_bits(rng, monkeypatch):
    w = rng.standard_normal((3, 3, 130, 128), np.float32)
    x = rng.standard_normal((2, 9, 9, 130), np.float32)
    few, many = cpu.pack(w), cpu.pack(w)
    monkeypatch.setattr(schedule, "transform_in_tasks", lambda tiles, C, O: True)
    y = cpu.conv2d(x, few, Window(1, 1, 1, 1, 1, 1))
    monkeypatch.setattr(schedule, "transform_in_tasks", lambda tiles, C, O: False)
    np.testing.assert_array_equal(cpu.conv2d(x, many, Window(1, 1, 1, 1, 1, 1)), y)
    assert not few._forms and list(many._forms) == ["winograd"]
