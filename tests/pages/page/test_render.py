"""Pages from templates: all that is filled in is escaped."""

import pytest
from jinja2 import UndefinedError

from cnnkit.pages.draw.figure import new_figure, style, svg
from cnnkit.pages.page import render as rendering
from cnnkit.pages.page.render import inline, render, svg_figure
from cnnkit.pages.texts import LANGUAGES, read


@pytest.fixture
def template(tmp_path, monkeypatch):
    """A page with a body of one's own."""

    def page(body: str, language: str = "en", **facts: object) -> str:
        environment = rendering._environment()
        made = environment.from_string('{% extends "page/base.html" %}{% block content %}' + body + "{% endblock %}")
        texts = read(language)
        return made.render(texts=texts, language=language, version="1", **facts)

    return page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_says_its_language_and_lets_nothing_be_fetched(language):
    page = render("page/base.html", read(language))
    assert f'<html lang="{language}">' in page
    assert "default-src 'none'" in page
    assert "http://" not in page and "https://" not in page


def test_names_are_escaped(template):
    page = template("<p title='{{ name }}'>{{ name }}</p>", name="<script>alert('1')</script>")
    assert "<script>" not in page and "&lt;script&gt;alert(&#39;1&#39;)" in page


def test_names_turn_no_direction_of_writing(template):
    """A file called exe.<U+202E>gnp.txt would be read as another; a control character would be shown as nothing."""
    page = template(
        "<p title='{{ name }}'>{{ name }}</p>{{ file | figure(name) }}", name="a\u202egnp\x1b", file=drawn()
    )
    assert page.count(r"a\u202egnp\x1b") == 3 and "\u202e" not in page and "\x1b" not in page


def test_a_fact_that_is_missing_is_an_error(template):
    with pytest.raises(UndefinedError):
        template("{{ no_such_fact }}")


def test_files_that_are_put_inline_end_no_element():
    files = [path for kind in ("css", "js") for path in rendering.FOLDER.rglob(f"*.{kind}")]
    assert files
    for path in files:
        inline(path.relative_to(rendering.FOLDER).as_posix())


def drawn() -> bytes:
    with style():
        figure = new_figure(2, 1)
        figure.subplots().plot([1, 2])
        return svg(figure)


def test_a_figure_has_words_for_those_who_do_not_see_it():
    element = str(svg_figure(drawn(), 'loss of "a" & <b>'))
    assert element.startswith('<svg role="img" aria-label="loss of &#34;a&#34; &amp; &lt;b&gt;"')
