"""The page of a comparison, one file with its pictures in it."""

from pathlib import Path

from cnnkit.engine.comparison.compare import Comparison
from cnnkit.pages.compare.sections import SECTIONS, Compared
from cnnkit.pages.page.render import render
from cnnkit.pages.page.write import write_page
from cnnkit.pages.texts import read


def write(found: Comparison, path: Path, language: str = "en") -> None:
    """Write the page."""
    write_page(path, page(found, language))


def page(found: Comparison, language: str = "en") -> str:
    """The page as text."""
    texts = read(language)
    seen = Compared(found, texts)
    sections = [(name, seen.words(f"{name}.title"), list(blocks(seen))) for name, blocks in SECTIONS]
    shown = [section for section in sections if section[2]]
    return render("page/sections.html", texts, title=seen.words("title", runs=len(found.sides)), sections=shown)
