import pytest

from cnnkit.cli.show.headway import follow
from cnnkit.cli.show.screen import Screen
from cnnkit.data.headway import Headway


def test_steps_are_shown_and_the_result_returned(capsys, monkeypatch):
    monkeypatch.setattr("cnnkit.cli.show.progress.SECONDS_BETWEEN_LINES", 0.0)
    assert follow(Screen(), iter([Headway("copying", 1, 2000), "result"])) == "result"
    assert capsys.readouterr().err == "copying 1/2,000 images\n"
    assert follow(Screen(quiet=True), iter([Headway("copying", 1, 2), "result"])) == "result"
    assert capsys.readouterr().err == ""


def test_work_without_a_result_is_a_fault():
    with pytest.raises(RuntimeError):
        follow(Screen(), iter([Headway("copying", 1, 1)]))
