"""Pages from templates: all that is filled in is escaped."""

import json

import pytest
from jinja2 import UndefinedError

from cnnkit.pages.draw.figure import new_figure, style, svg
from cnnkit.pages.page import render as rendering
from cnnkit.pages.page.render import inline, render, script_json, svg_figure
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


def test_facts_for_a_script_cannot_end_it():
    facts = {"name": "</script><!-- & \u2028 \u2029 é 고양이"}
    text = str(script_json(facts))
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == facts


def test_facts_for_a_script_are_finite():
    with pytest.raises(ValueError, match="JSON"):
        script_json({"x": float("nan")})


def test_a_fact_that_is_missing_is_an_error(template):
    with pytest.raises(UndefinedError):
        template("{{ no_such_fact }}")


def test_files_that_are_put_inline_end_no_element():
    files = [path for kind in ("css", "js") for path in rendering.FOLDER.rglob(f"*.{kind}")]
    assert files
    for path in files:
        inline(path.relative_to(rendering.FOLDER).as_posix())


def test_a_figure_has_words_for_those_who_do_not_see_it():
    with style():
        figure = new_figure(2, 1)
        figure.subplots().plot([1, 2])
        element = str(svg_figure(svg(figure), 'loss of "a" & <b>'))
    assert element.startswith('<svg role="img" aria-label="loss of &#34;a&#34; &amp; &lt;b&gt;"')
