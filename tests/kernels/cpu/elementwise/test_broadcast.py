"""Shapes walked together in as few loops as possible."""

from cnnkit.kernels.cpu.elementwise.broadcast import loops


def test_equal_shapes_are_one_loop():
    walk = loops((2, 3, 4), (2, 3, 4))
    assert (walk.length, *walk.steps, walk.outer.size) == (24, 1, 1, 0)


def test_a_vector_along_the_last_axis_repeats():
    walk = loops((2, 3, 4), (4,))
    assert (walk.length, *walk.steps) == (4, 1, 1)
    assert walk.outer.tolist() == [6, 4, 0]


def test_a_single_number_stands_still():
    walk = loops((), (5, 6))
    assert (walk.shape, walk.length, *walk.steps) == ((5, 6), 30, 0, 1)


def test_alternating_axes_stay_apart():
    walk = loops((3, 1, 5), (1, 4, 1))
    assert (walk.length, *walk.steps) == (5, 1, 0)
    assert walk.outer.tolist() == [4, 0, 1, 3, 5, 0]


def test_two_single_numbers():
    assert loops((), ())[:3] == ((), 1, (1, 1))


def test_three_shapes_are_one_loop_where_all_cross_alike():
    walk = loops((2, 3, 4), (2, 3, 4), (4,))
    assert (walk.shape, walk.length, walk.steps) == ((2, 3, 4), 4, (1, 1, 1))
    assert walk.outer.tolist() == [6, 4, 4, 0]
