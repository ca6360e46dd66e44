"""The page of a comparison: its sentences, its pictures, and names that would be markup."""

from dataclasses import replace

import numpy as np
import pytest

from cnnkit.engine.comparison.compare import AgainstBest, Comparison, Side
from cnnkit.engine.comparison.differing import Difference
from cnnkit.engine.comparison.same_images import SameImages
from cnnkit.engine.records.events import EpochEnd
from cnnkit.engine.review.lack import Lack
from cnnkit.engine.review.review import glance
from cnnkit.engine.run.folder import Run
from cnnkit.metrics import paired_answers
from cnnkit.pages.compare.compare import page, write
from cnnkit.pages.compare.sections import SECTIONS
from cnnkit.pages.draw.intervals import Interval, intervals
from cnnkit.pages.texts import LANGUAGES, read
from cnnkit.tasks import ClassificationTask

NAMED = "<script>alert(1)</script>"
RIGHT = [np.arange(100) % 10 > 0, np.arange(100) % 10 > 2, np.arange(100) % 9 > 0]


def side(folder, letter, epochs=3):
    review = glance(Run(folder / letter))
    review.story.read({"event": "RunStarted", "model": NAMED, "data": "digits", "parameters": 1234})
    for epoch in range(1, epochs + 1):
        lr, loss = 0.1, 1 / epoch
        end = EpochEnd(
            epoch, epochs, 4 * epoch, loss, {"accuracy": 0.5}, loss, {"top1": 0.9}, lr, 60.0 * epoch, 99.0, True
        )
        review.story.tell(end)
    return Side(letter, review, weight_bytes=2_000_000)


@pytest.fixture
def found(tmp_path):
    pairs = [paired_answers(RIGHT[0], RIGHT[1]), paired_answers(RIGHT[0], RIGHT[2])]
    return Comparison(
        ClassificationTask,
        tuple(side(tmp_path, letter) for letter in "ABC"),
        (Difference("option", "lr", ("0.1", NAMED, None)),),
        best=0,
        shared=SameImages(((0,), (0,), (0,)), (0, 3, 0), 2),
        tests=(AgainstBest(0, 1, pairs[0], 0.0001), AgainstBest(0, 2, pairs[1], 0.8)),
        reordered=True,
        notes=("A: " + NAMED,),
    )


def test_both_languages_have_every_section_and_every_reason():
    for language in LANGUAGES:
        texts = read(language)
        assert all(f"compare.{name}.title" in texts for name, _ in SECTIONS)
        for why in ("running", "no-weights", "in-python", "no-parts", "refused", "no-images", "no-contest"):
            assert f"compare.lack.{why}" in texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_tells_who_is_best_and_whether_that_is_chance(found, language):
    text, words = page(found, language), read(language)
    told = {"best": "A", "metric": "top-1", "first": "90.00 %"}
    assert words("compare.headline.beyond", other="B", second="70.00 %", p="0.0001", **told) in text
    assert words("compare.headline.chance", other="C", second="88.00 %", p="0.8", **told) in text
    assert words("compare.tests.alone", images="3", letter="B") in text
    assert words("compare.tests.learned", images="2") in text and words("compare.tests.reordered") in text
    assert text.count("<svg") == 4


def test_of_two_that_are_level_none_is_ahead(found):
    level = AgainstBest(0, 1, paired_answers(RIGHT[0], RIGHT[0]), 1.0)
    text = page(replace(found, tests=(level,)))
    assert "A and B are level: top-1 90.00 % on the same images." in text and "is ahead of" not in text


def test_names_from_files_are_escaped(found):
    text = page(found)
    assert NAMED not in text and "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize("why", ["refused"])
def test_without_a_test_the_page_says_why_and_shows_the_rest(found, why):
    lacking = replace(found, best=None, shared=None, tests=(), lack=Lack(why, f"B: {NAMED}"))
    text = page(lacking)
    assert read("en")("compare.headline.no_test") in text and NAMED not in text and text.count("<svg") == 3


def test_runs_that_are_alike_and_empty_have_a_page_too(tmp_path):
    sides = tuple(Side(letter, glance(Run(tmp_path / letter))) for letter in "AB")
    empty = Comparison(ClassificationTask, sides, (), lack=Lack("no-weights", "A"))
    write(empty, tmp_path / "page.html", "ko")
    assert read("ko")("compare.differences.none") in (tmp_path / "page.html").read_text("utf-8")


def test_intervals_are_drawn_alike_each_time():
    rows = [Interval("B - A", 0.5, -0.1, 1.1), Interval("<b>", -2, -3, -1)]
    drawn = intervals(rows, "points")
    assert drawn == intervals(rows, "points") and b"&lt;b&gt;" in drawn


@pytest.mark.slow
def test_a_browser_shows_it_at_both_widths_and_in_both_colours(browser, found, tmp_path):
    write(found, tmp_path / "page.html")
    for width, scheme in [(380, "light"), (1400, "dark")]:
        browser.size(width, 900)
        browser.scheme(scheme)
        browser.open(tmp_path / "page.html")
        assert browser.overflow() == 0 and browser.complaints() == [] and browser.fetched() == []
        assert browser.count("table") == 3 and browser.count("section") == 5
