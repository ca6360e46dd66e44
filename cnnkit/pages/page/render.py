"""A page from its template. All that is filled in is escaped and harmless; what a page needs is in it.

A template has, besides its facts:
texts("key", name=...)    a sentence            language   of the page
inline("explain/x.css")   a file of the package, put into <style> or <script>
svg | figure("words")     an SVG of `draw/figure.py` in the page's ink, with words for those who do not see it
bytes | address           a picture's file as a data: address
"""

import functools
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from cnnkit._version import __version__
from cnnkit.pages.draw import data, figure
from cnnkit.pages.texts import Texts
from cnnkit.serialize.harmless import harmless

FOLDER = Path(__file__).resolve().parents[1]


def render(template: str, texts: Texts, **facts: object) -> str:
    """The page.

    Args:
        template: its file below `pages`, such as "explain/page.html".
        texts: the sentences of its language.
        facts: what the template names; a name that is missing is an error.
    """
    known = {"texts": texts, "language": texts.language, "version": __version__}
    return _environment().get_template(template).render(known | facts)


def inline(name: str) -> Markup:
    """A file of the package, style or script, for the middle of its element."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    if re.search(r"</(script|style)|<!--", text, re.IGNORECASE):
        raise ValueError(f"{name} would end the element that it is put into.")
    return Markup(text)


def svg_figure(file: bytes, words: str) -> Markup:
    """The <svg> element of a figure, with words for those who do not see it."""
    element = figure.for_page(file)
    return Markup(element.replace("<svg", f'<svg role="img" aria-label="{escape(harmless(words))}"', 1))


def _spelt_out(value: Any) -> Any:
    """What is filled in, before it is escaped. What is markup already was made of such."""
    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_spelt_out,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["inline"] = inline
    environment.filters |= {"figure": svg_figure, "address": data.address}
    return environment
