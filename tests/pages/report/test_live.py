"""The page of a run while it trains: it costs little, and changes nothing."""

import dataclasses
from itertools import pairwise

import pytest

from cnnkit.engine.records.events import EpochEnd, Finished, RunStarted
from cnnkit.errors import NumericError
from cnnkit.pages.report import live
from cnnkit.pages.report.live import BETWEEN, SHARE, Live, watched

REFRESH = 'http-equiv="refresh"'


class Clock:
    """A clock that moves as it is told, and by `cost` whenever a page is written."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def no_warning(text: str) -> None:
    pytest.fail(text)


def test_a_training_ends_with_the_same_bits_with_and_without_a_page(tiny, tmp_path, same_weights):
    list(watched(tiny.fit(tmp_path / "run"), no_warning))
    same_weights(tmp_path / "run")


def test_the_page_is_there_from_the_first_event_on_and_rests_at_the_end(tiny, tmp_path):
    place = tmp_path / "run" / "report.html"
    seen = []
    for event in watched(tiny.fit(tmp_path / "run"), no_warning):
        if isinstance(event, RunStarted | Finished):
            seen.append(REFRESH in place.read_text())
    assert seen == [True, False]
    assert "The training is finished." in place.read_text()


def test_a_training_that_is_left_leaves_a_page_that_rests(tiny, tmp_path):
    place = tmp_path / "run" / "report.html"
    events = watched(tiny.fit(tmp_path / "run"), no_warning)
    for event in events:
        if isinstance(event, EpochEnd):
            break
    assert REFRESH in place.read_text()
    events.close()
    assert REFRESH not in place.read_text() and "The training was not finished" in place.read_text()


def test_a_training_that_fails_leaves_a_page_that_rests(tiny, tmp_path):
    def failing():
        for event in tiny.fit(tmp_path / "run"):
            yield event
            if isinstance(event, EpochEnd):
                raise NumericError("no number")

    with pytest.raises(NumericError):
        list(watched(failing(), no_warning))
    assert REFRESH not in (tmp_path / "run" / "report.html").read_text()


def test_a_page_that_cannot_be_drawn_is_one_warning_and_no_end(tiny, tmp_path, monkeypatch, same_weights):
    def broken(*arguments, **options):
        raise RuntimeError("no ink")

    monkeypatch.setattr(live, "write", broken)
    warnings = []
    list(watched(tiny.fit(tmp_path / "run"), warnings.append))
    assert len(warnings) == 1 and "goes on without it: no ink" in warnings[0]
    same_weights(tmp_path / "run")


def test_a_run_that_goes_on_shows_what_was_before(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run", epochs=1))
    list(watched(tiny.resume(tmp_path / "run", epochs=2), no_warning))
    text = (tmp_path / "run" / "report.html").read_text()
    assert "2 of 2 epochs" in text


def test_a_run_that_goes_on_has_no_picture_of_former_weights(tiny, tmp_path):
    list(tiny.fit(tmp_path / "run", epochs=1))
    plots = tmp_path / "run" / "plots"
    plots.mkdir()
    for name in ("confusion.svg", "mine.svg"):
        (plots / name).write_text("<svg></svg>")
    events = watched(tiny.resume(tmp_path / "run", epochs=2), no_warning)
    next(event for event in events if isinstance(event, RunStarted))
    assert [path.name for path in plots.iterdir()] == ["mine.svg"]
    events.close()


@pytest.mark.parametrize("cost", [0.05, 2.0])
def test_all_pages_together_take_a_fiftieth_of_the_training(tiny, tmp_path, monkeypatch, cost):
    """An hour of one step a second, on a clock that only pages and steps move."""
    started, step = None, None
    for event in tiny.fit(tmp_path / "run"):
        started = started or (event if isinstance(event, RunStarted) else None)
        step = event if isinstance(event, EpochEnd) else step
    assert started is not None and step is not None
    clock, written = Clock(), []

    def write(seen, **options):
        clock.now += cost
        written.append(clock.now)

    monkeypatch.setattr(live, "write", write)
    monkeypatch.setattr(live, "figures_of", lambda seen: [])
    monkeypatch.setattr(live, "glance", lambda *told, **options: None)
    monkeypatch.setattr(live, "Seen", lambda *told, **options: None)
    page = Live(no_warning, "en", clock)
    page.tell(started)
    for epoch in range(1, 3601):
        clock.now += 1
        page.tell(dataclasses.replace(step, epoch=epoch))
    # The last one may have cost more than was expected.
    assert len(written) > 10
    assert cost * (len(written) - 1) <= SHARE * (clock.now - 100)
    gaps = [after - before for before, after in pairwise(written)]
    assert min(gaps) >= BETWEEN
