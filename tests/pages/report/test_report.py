"""The page of a run from end to end."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from cnnkit.engine.review.lack import NO_WEIGHTS
from cnnkit.engine.review.review import review
from cnnkit.engine.run.folder import Run
from cnnkit.errors import CheckpointError, UsageError
from cnnkit.pages.page.blocks import Figure
from cnnkit.pages.report.report import drawn, page, report, save_pictures, write

from .runs import seen


class Counted(HTMLParser):
    """How many elements a page has, by their names, and the names of its scripts' parents."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def finished(events):
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


def test_the_page_of_a_run_says_how_it_went(smooth, tmp_path):
    """The network and the data of this one came from Python: what hangs on them is said to be missing."""
    place = finished(report(smooth))
    text = place.read_text()
    assert place == smooth / "report.html"
    assert "were given in Python" in text and "The training is finished." in text
    assert 'id="training"' in text and 'http-equiv="refresh"' not in text
    assert {"loss.svg", "metrics.svg", "learning-rate.svg", "speed.svg"} <= {path.name for path in Run(smooth).pictures}


def test_a_page_that_is_written_again_without_the_weights_keeps_no_picture_of_them(smooth, tmp_path):
    run = shutil.copytree(smooth, tmp_path / "run")
    finished(report(run))
    (run / "plots" / "confusion.svg").write_text("<svg>of an older training</svg>")
    (run / "weights" / "best.safetensors").unlink()
    finished(report(run))
    assert not (run / "plots" / "confusion.svg").exists() and (run / "plots" / "loss.svg").exists()


def test_with_the_network_and_the_data_all_parts_are_there(smooth, tiny):
    found = finished(review(smooth, module=tiny.Tiny(), data=tiny.data()))
    assert found.judged is not None and found.judged.measured.n == 30
    assert found.filters is not None and found.filters.weights.shape == (3, 3, 1, 4)
    assert set(found.lacks) == {"samples", "checked"} and found.given == ("network", "data")


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="not a run folder"):
        finished(report(tmp_path))


def test_weights_that_are_damaged_are_said_to_be(smooth, tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "best.safetensors").write_bytes(b"no weights at all")
    (tmp_path / "config.toml").write_text("epochs = [")
    (tmp_path / "manifest.json").write_text('{"data": 3, "task": ["x"], "model": {"a": 1}}')
    text = finished(report(tmp_path)).read_text()
    assert "This part cannot be shown." in text and "best.safetensors" in text
    assert "config.toml is missing or damaged" in text


def test_names_from_data_are_never_markup(tmp_path):
    shown = seen(tmp_path / "run", 3, 6)
    text = page(shown, drawn(shown))
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text
    assert Counted(text).tags.count("script") == 1


@pytest.mark.slow
def test_a_hundred_classes_have_their_names_beside_the_matrix(tmp_path):
    shown = seen(tmp_path / "run", 2, 100)
    figure = next(
        block
        for section, blocks in drawn(shown)
        for block in blocks
        if section.name == "confusion" and isinstance(block, Figure)
    )
    words = re.findall(r">([^<>]*species number \d+ [^<>]*)<", figure.file.decode())
    assert len(words) == 2 * 99 and figure.wide
    sizes = re.findall(r"font-size: ([\d.]+)px", figure.file.decode())
    assert min(map(float, sizes)) >= 6.5


@pytest.mark.slow
def test_a_thousand_epochs_and_classes_make_a_page_of_bounded_size(tmp_path):
    shown = seen(tmp_path / "run", 1000, 1000)
    sections = drawn(shown)
    text = page(shown, sections)
    assert len(text.encode()) < 10_000_000
    # A browser lays out some hundred thousand elements in a second: a tenth of them is no wait.
    assert len(Counted(text).tags) < 25_000
    assert "There are 1,000 classes." in text and "The most frequent mistakes" in text


def test_pictures_are_not_written_through_a_link(tmp_path):
    shown = seen(tmp_path / "run", 2, 3)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shown.review.run.plots.symlink_to(elsewhere)
    with pytest.raises(UsageError, match="is a link"):
        save_pictures(shown.review.run, [Figure("loss", b"<svg></svg>", "words")])
    assert not list(elsewhere.iterdir())


def test_pictures_of_weights_that_are_gone_go_too(tmp_path):
    shown = seen(tmp_path / "run", 2, 3)
    place = write(shown).parent / "plots"
    (place / "mine.png").write_bytes(b"a picture of the user's")
    assert {"confusion.svg", "filters.png", "worst.png", "layers.svg", "loss.svg"} <= names(place)
    write(replace(shown, review=replace(shown.review, judged=None, filters=None), times=NO_WEIGHTS))
    assert names(place) == {"loss-steps.svg", "loss.svg", "metrics.svg", "learning-rate.svg", "speed.svg", "mine.png"}


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_a_page_in_korean_is_korean(tmp_path):
    place = write(seen(tmp_path / "run", 2, 3, "ko"))
    text = place.read_text()
    assert '<html lang="ko">' in text and "가장 잦은 실수" in text and "Where the time goes" not in text
    assert {"confusion.svg", "confusion-rows.svg", "reliability.svg", "filters.png", "layers.svg", "worst.png"} <= {
        path.name for path in Run(place.parent).pictures
    }


def test_the_same_run_has_the_same_page(tmp_path):
    shown = seen(tmp_path / "run", 2, 3)
    assert page(shown, drawn(shown)) == page(shown, drawn(shown))
