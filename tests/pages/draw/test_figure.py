"""Figures as files."""

from xml.etree import ElementTree

import matplotlib

from cnnkit.pages.draw.figure import for_page, legend_above, new_figure, png, style, svg


def drawn(title: str = "loss") -> bytes:
    with style():
        figure = new_figure(4, 2)
        axes = figure.subplots()
        axes.plot([0, 1, 2], [3, 1, 2], label=title)
        axes.set_title(title)
        axes.legend()
        return svg(figure)


def test_a_figure_is_the_same_bytes_each_time():
    assert drawn() == drawn()


def test_words_are_text_and_escaped():
    file = drawn("<script>alert(1)</script> $x_1$ 손실").decode()
    assert "<script>" not in file and "&lt;script&gt;" in file
    assert "$x_1$" in file and "손실" in file


def test_words_turn_no_direction_of_writing_and_are_xml():
    file = drawn("a\u202eb\x1bc")
    assert r"a\u202eb\x1bc" in file.decode() and "\u202e" not in file.decode()
    ElementTree.fromstring(file)


def test_a_legend_of_long_names_stays_within_the_figure():
    """Three side by side were cut off, and left half of the width to the axes."""
    with style():
        figure = new_figure(4.4, 2.7)
        axes = figure.subplots()
        for part in ("box", "object", "class"):
            axes.plot([1, 2], label=f"training: {part} loss")
        legend_above(axes)
        svg(figure)
        legend = axes.get_legend().get_window_extent()
        assert legend.x1 <= figure.bbox.x1 and axes.get_window_extent().width > 0.75 * figure.bbox.width


def test_on_a_page_a_figure_has_the_ink_of_the_page():
    element = for_page(drawn())
    assert element.startswith("<svg") and "currentColor" in element and "#1c1d22" not in element


def test_what_a_user_has_set_is_left_alone():
    before = matplotlib.rcParams["font.size"]
    drawn()
    assert matplotlib.rcParams["font.size"] == before


def test_a_png_has_no_date_or_version():
    with style():
        figure = new_figure(2, 1)
        figure.subplots().plot([1, 2])
        file = png(figure)
    assert file.startswith(b"\x89PNG") and b"matplotlib" not in file.lower()
