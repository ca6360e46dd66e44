"""A page from its template. All that is filled in is escaped; what a page needs is in it.

A template has, besides its facts:
texts("key", name=...)    a sentence            language   of the page
inline("explain/x.css")   a file of the package, put into <style> or <script>
value | script_json       facts for a script, within <script type="application/json">
svg | figure("words")     an SVG of `draw/figure.py` in the page's ink, with words for those who do not see it
bytes | address           a picture's file as a data: address
"""

import functools
import json
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from cnnkit._version import __version__
from cnnkit.pages.draw import data, figure
from cnnkit.pages.texts import Texts

FOLDER = Path(__file__).resolve().parents[1]
# What could end the element, or a line, in the middle of a script's facts.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def render(template: str, texts: Texts, **facts: object) -> str:
    """The page.

    Args:
        template: its file below `pages`, such as "explain/page.html".
        texts: the sentences of its language.
        facts: what the template names; a name that is missing is an error.
    """
    known = {"texts": texts, "language": texts.language, "version": __version__}
    return _environment().get_template(template).render(known | facts)


def script_json(value: object) -> Markup:
    """Facts for a script. Numbers must be finite: a browser reads no other."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))


def inline(name: str) -> Markup:
    """A file of the package, style or script, for the middle of its element."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    if re.search(r"</(script|style)|<!--", text, re.IGNORECASE):
        raise ValueError(f"{name} would end the element that it is put into.")
    return Markup(text)


def svg_figure(file: bytes, words: str) -> Markup:
    """The <svg> element of a figure, with words for those who do not see it."""
    element = figure.for_page(file)
    return Markup(element.replace("<svg", f'<svg role="img" aria-label="{escape(words)}"', 1))


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["inline"] = inline
    environment.filters |= {"script_json": script_json, "figure": svg_figure, "address": data.address}
    return environment
