from cnnkit.cli.show.characters.sparkline import ASCII, BLOCKS, sparkline


def test_a_falling_curve_falls():
    assert sparkline([8, 7, 6, 5, 4, 3, 2, 1]) == BLOCKS[::-1]


def test_a_long_curve_is_shortened_to_the_width():
    assert len(sparkline(range(1000), 20)) == 20


def test_without_unicode_only_ascii_is_used():
    assert sparkline([1, 2], unicode=False) == ASCII[0] + ASCII[-1]
    assert ASCII.isascii()


def test_nothing_flat_and_infinite_curves_are_drawn_too():
    assert sparkline([]) == ""
    assert sparkline([3.0, 3.0]) == BLOCKS[0] * 2
    assert sparkline([float("nan"), 1.0, float("inf"), 2.0]) == BLOCKS[0] + BLOCKS[-1]
