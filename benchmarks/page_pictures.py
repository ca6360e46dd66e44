"""Make README's pictures of pages: a number of a network followed back to the picture, a run, and two runs compared.

python benchmarks/page_pictures.py

They are written to cnnkit/docs/pictures: explain.png, report.png and compare.png, as a real headless Chromium shows the
pages of `cnnkit explain`, `cnnkit report` and `cnnkit compare`. Debian's packages chromium and chromium-driver are
needed, and the extra `report`. The trainings are short ones on the digits of the package, in a folder that is removed.
"""

from __future__ import annotations

import importlib.util
import io
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "cnnkit" / "docs" / "pictures"
# Pixels across the picture that is kept of a page, and bytes that it may take.
WIDTH, MOST_BYTES = 900, 60_000
COLOURS = (256, 128, 64, 48, 32)
TRAINED = {"lenet": ["--model", "lenet5", "--epochs", "4"], "digitnet": ["--model", "digitnet", "--epochs", "4"]}


@dataclass(frozen=True)
class Shown:
    """Of a page what is between the top of one element and the end of another, in a window of so many pixels.

    without: what is taken out of the page before, so that the picture is short.
    """

    page: str
    window: int
    first: str
    last: str
    without: str = ""


SHOWN = {
    "explain": Shown("explain.html", 1200, "#road", "#arithmetic"),
    "report": Shown(
        f"runs/{next(iter(TRAINED))}/report.html",
        1200,
        "h1",
        "#worst",
        "nav, #training, #confusion h3, #confusion .scroll, #classes, #reliability, #worst figure:nth-child(n + 8)",
    ),
    "compare": Shown("compare.html", 1300, "h1", "#tests"),
}


def main() -> None:
    driver = _driver()
    if reason := driver.why_not():
        raise SystemExit(reason)
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        pages = made(here)
        browser = driver.Browser()
        try:
            for name, shown in pages.items():
                (PICTURES / f"{name}.png").write_bytes(small(shot(browser, here / shown.page, shown)))
                print(f"{name}.png", (PICTURES / f"{name}.png").stat().st_size)
        finally:
            browser.close()


def made(here: Path) -> dict[str, Shown]:
    """Make the pages; what is shown of each, by the name of its picture."""
    cnnkit(here, "explain", PICTURES / "seven.png", "--output", "explain.html")
    for name, options in TRAINED.items():
        cnnkit(here, "train", *options, "--output", f"runs/{name}", "--quiet", "--no-report")
    cnnkit(here, "report", f"runs/{next(iter(TRAINED))}")
    cnnkit(here, "compare", *(f"runs/{name}" for name in TRAINED), "--output", "compare.html", "--quiet")
    return SHOWN


def cnnkit(here: Path, *words: object) -> None:
    """A command, as somebody would type it in that folder."""
    subprocess.run([sys.executable, "-m", "cnnkit", *map(str, words)], cwd=here, check=True)


def shot(browser: Any, page: Path, shown: Shown) -> Image.Image:
    """The page between two elements, with a margin."""
    browser.size(shown.window, 900)
    browser.scheme("light")
    browser.open(page)
    if shown.without:
        browser.run("for (const e of document.querySelectorAll(arguments[0])) e.remove()", shown.without)
    _wake(browser)
    top = browser.run("return document.querySelector(arguments[0]).getBoundingClientRect().top", shown.first)
    end = browser.run("return document.querySelector(arguments[0]).getBoundingClientRect().bottom", shown.last)
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        browser.screenshot(Path(file.name), whole=True)
        with Image.open(file.name) as opened:
            return opened.convert("RGB").crop((0, max(0, int(top) - 12), shown.window, int(end) + 12))


def _wake(browser: Any) -> None:
    """Show every part once, for what is drawn only when it is seen, and go back to the beginning."""
    parts = "section, .chip"
    for number in range(browser.count(parts)):
        browser.run("document.querySelectorAll(arguments[0])[arguments[1]].scrollIntoView()", parts, number)
    browser.run("for (const e of document.querySelectorAll('*')) e.scrollLeft = e.scrollTop = 0; window.scrollTo(0, 0)")


def small(picture: Image.Image) -> bytes:
    """A PNG file of at most MOST_BYTES, in as many colours as it may have."""
    made = picture.resize((WIDTH, round(WIDTH * picture.height / picture.width)), Image.Resampling.LANCZOS)
    for colours in COLOURS:
        buffer = io.BytesIO()
        made.quantize(colours, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE).save(
            buffer, "PNG", optimize=True
        )
        if buffer.tell() <= MOST_BYTES:
            return buffer.getvalue()
    raise SystemExit(f"The picture takes {buffer.tell():,} bytes in {COLOURS[-1]} colours: show less of the page.")


def _driver() -> ModuleType:
    """The browser that the tests of pages are driven with."""
    spec = importlib.util.spec_from_file_location("browser", ROOT / "tests" / "pages" / "browser.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
