import io

import pytest

from cnnkit.cli.show.terminal import UNBOUNDED, console, filled, terminal, wrapped


class Fake(io.StringIO):
    def __init__(self, watched: bool, encoding: str = "utf-8") -> None:
        super().__init__()
        self.watched, self.name_of_encoding = watched, encoding

    def isatty(self) -> bool:
        return self.watched

    @property
    def encoding(self) -> str:
        return self.name_of_encoding


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_has_bars_and_colour_and_a_pipe_has_neither():
    assert terminal(Fake(True)).live and terminal(Fake(True)).colour
    assert not terminal(Fake(False)).live and not terminal(Fake(False)).colour


def test_no_color_takes_the_colour_and_leaves_the_bars(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal(Fake(True)).live and not terminal(Fake(True)).colour


def test_force_color_colours_a_pipe_without_moving_anything(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert terminal(Fake(False)).colour and not terminal(Fake(False)).live


def test_no_color_wins_over_force_color(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not terminal(Fake(False)).colour
    stream = Fake(True)
    console(stream).print("bold", style="bold red")
    assert "\x1b" not in stream.getvalue()


def test_a_dumb_terminal_gets_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal(Fake(True)).live and not terminal(Fake(True)).colour


@pytest.mark.parametrize(
    ("encoding", "unicode"), [("utf-8", True), ("UTF8", True), ("ascii", False), ("latin-1", False)]
)
def test_characters_follow_the_encoding(encoding, unicode):
    assert terminal(Fake(True, encoding)).unicode is unicode


def test_a_pipe_is_never_too_narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert terminal(Fake(True)).width == 40
    assert terminal(Fake(False)).width == UNBOUNDED


@pytest.mark.parametrize("columns", [200, 80, 60])
def test_a_person_reads_long_lines_broken_between_words_and_indented(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    first, *rest = wrapped("word " * 40, Fake(True)).split("\n")
    assert max(map(len, (first, *rest))) <= min(columns, 80)
    assert all(line.startswith("  word") for line in rest)


def test_commands_and_long_paths_are_never_broken(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = "Next:\n  cnnkit predict " + "a/" * 30 + "x.png\nIt is in " + "b-" * 30 + "."
    shown = wrapped(text, Fake(True)).split("\n")
    assert "  cnnkit predict " + "a/" * 30 + "x.png" in shown
    assert "  " + "b-" * 30 + "." in shown


def test_a_number_stays_with_its_per_cent_sign():
    for columns in range(20, 40):
        lines = filled("words before 15.0 to 85.0 % and 12 % after", columns)
        assert not any(line.lstrip().startswith("%") for line in lines)
        assert " ".join(lines) == "words before 15.0 to 85.0 % and 12 % after"


def test_a_file_gets_lines_as_they_are():
    assert wrapped("word " * 40, Fake(False)) == "word " * 40
