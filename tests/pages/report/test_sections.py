"""The list of sections, and what they have in common."""

from dataclasses import replace

from cnnkit.engine.review.lack import Lack
from cnnkit.engine.review.review import glance
from cnnkit.engine.run.folder import Run
from cnnkit.pages.page.blocks import files_of
from cnnkit.pages.report.report import drawn, page
from cnnkit.pages.report.section import Seen
from cnnkit.pages.report.sections import SECTIONS
from cnnkit.pages.texts import LANGUAGES, read

from . import runs


def test_each_section_has_a_name_of_its_own_and_a_title_in_each_language():
    names = [section.name for section in SECTIONS]
    assert len(set(names)) == len(names)
    assert all(f"report.{name}.title" in read(language) for language in LANGUAGES for name in names)


def test_every_picture_has_a_name_by_which_it_is_found_when_it_is_old(tmp_path):
    shown = runs.seen(tmp_path, 3, 6)
    for section, blocks in drawn(shown):
        assert {name for name, _ in files_of(blocks)} <= set(section.pictures)


def test_a_run_of_which_nothing_is_known_has_a_page_that_says_so(tmp_path):
    for language in LANGUAGES:
        seen = Seen(glance(Run(tmp_path)), read(language))
        text = page(seen, drawn(seen))
        for key in ("headline.begun", "training.nothing", "environment.none", "repeat.no_config"):
            assert seen.words(key) in text


def test_what_is_lacking_is_said_and_escaped(tmp_path):
    review = replace(glance(Run(tmp_path)), lacks={"judged": Lack("refused", "no <b>data</b>")})
    seen = Seen(review, read("en"))
    text = page(seen, drawn(seen))
    assert "no &lt;b&gt;data&lt;/b&gt;" in text and "<b>data" not in text
