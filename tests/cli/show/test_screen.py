import io
import json

from cnnkit.cli.show.screen import Screen


class Watched(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def narrow(monkeypatch):
    """A terminal of 30 columns."""
    stream = Watched()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    return stream


def test_a_narrow_terminal_goes_without_the_optional_columns(monkeypatch):
    stream = narrow(monkeypatch)
    Screen().table(["name", "first", "second"], [("a" * 10, "b" * 12, "c" * 12)], optional=["first"])
    assert "first" not in stream.getvalue()
    assert "c" * 12 in stream.getvalue()


def test_a_wide_enough_terminal_shows_all_columns(monkeypatch):
    stream = narrow(monkeypatch)
    Screen().table(["name", "first"], [("a" * 10, "b" * 12)], optional=["first"])
    assert "b" * 12 in stream.getvalue()


def test_in_a_pipe_nothing_is_cut(capsys):
    Screen().table(["path", "then"], [("x" * 500, "y" * 500)], optional=["then"])
    assert capsys.readouterr().out.split() == ["path", "then", "x" * 500, "y" * 500]


def test_square_brackets_are_no_markup(capsys):
    Screen().table(["[bold]path"], [("[red]a[/red].png",)])
    assert "[red]a[/red].png" in capsys.readouterr().out


def test_json_has_no_nan_and_survives_any_file_name(capsys):
    Screen().json_line({"path": "a\udcff", "loss": float("nan"), "many": (1.0, float("inf"))})
    record = json.loads(capsys.readouterr().out)
    assert record == {"schema_version": 1, "path": "a\udcff", "loss": None, "many": [1.0, None]}


def test_a_terminal_breaks_prose_between_words_and_leaves_paths_whole(monkeypatch):
    stream = narrow(monkeypatch)
    Screen().facts([("path", "p" * 40), ("note", "word " * 8)], prose=["note"])
    path, *note = stream.getvalue().splitlines()
    assert path == "path  " + "p" * 40
    assert note == ["note  word word word word word", "      word word word"]


def test_in_a_pipe_prose_stays_one_line(capsys):
    Screen().facts([("note", "word " * 40)], prose=["note"])
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_names_from_outside_move_no_cursor_and_stay_on_their_line(capsys):
    screen = Screen()
    screen.table(["a\x1b[1mclass"], [("two\nlines\x1b[2J",)])
    screen.facts([("path", "a\nb")])
    screen.text("x\x1b[31my\nz")
    screen.note("\x1b[0m")
    screen.complain("\x07")
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err and "\x07" not in err
    assert [line.rstrip() for line in out.splitlines()] == [
        r"a\x1b[1mclass",
        r"two\nlines\x1b[2J",
        r"path  a\nb",
        r"x\x1b[31my",
        "z",
    ]
