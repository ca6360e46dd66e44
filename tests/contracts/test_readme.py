"""What README and manual say is true: their Python runs here, their commands in a fresh environment."""

import functools
import http.server
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from cnnkit.cli.commands.help import TOPICS
from cnnkit.cli.main import run
from cnnkit.data.open.source import open_data
from cnnkit.engine.use.load import SHIPPED

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
MANUAL = [ROOT / "cnnkit" / "docs" / f"{topic}.md" for topic in TOPICS]
PAGES = [README, *MANUAL]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    inside, found = False, [""]
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = line == f"```{language}"
            found.append("")
        elif inside:
            found[-1] += line + "\n"
    return [block for block in found if block]


def draw_pictures(folder: Path) -> None:
    """image.png with a one on it, and photos of two kinds: patches of colour, warm ones and cold ones."""
    rng = np.random.default_rng(0)
    one = Image.new("L", (120, 160), 255)
    ImageDraw.Draw(one).line((60, 30, 60, 130), fill=0, width=14)
    one.save(folder / "image.png")
    for kind, colour in (("cat", (200, 90, 30)), ("dog", (40, 90, 200))):
        place = folder / "photos" / kind
        place.mkdir(parents=True)
        for i in range(12):
            patches = np.clip(rng.normal(colour, 40, (6, 8, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(patches).resize((48 + i, 40), Image.Resampling.BICUBIC).save(place / f"{i}.png")


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.stem)
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    draw_pictures(tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        if "sklearn" in block and importlib.util.find_spec("sklearn") is None:
            continue  # an extra
        exec(compile(block, page.name, "exec"), names)
    said = capsys.readouterr().out.splitlines()
    if page.stem == "data":
        opened = open_data(tmp_path / "cells.npz")
        assert opened.task == "segmentation" and opened.classes == ["cell", "wall"]
        return
    if page.stem == "segmentation":
        answer = names["answer"]
        assert names["judged"].n == 60 and said[-1] == f"(64, 64) {answer.label} {answer.share}"
        return
    assert said[0].startswith("1 "), "the first line is the answer to image.png, which shows a one"
    if page.stem == "python":
        assert said[1].startswith("Predictor(digitnet, 10 classes, 28x28 grey, from ") and said[2:4] == ["(2, 10)", "1"]
        assert names["judged"].top1 > 0.95 and said[-1] == "(8, 26, 26, 16)"


def test_readme_and_manual_have_python():
    assert blocks(README, "python")
    assert blocks(ROOT / "cnnkit" / "docs" / "python.md", "python")


def test_the_configuration_is_taken(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = [block for page in PAGES for block in blocks(page, "toml")]
    assert tomllib.loads(block)["train"]["model"] == "convnet"
    (tmp_path / "c.toml").write_text(block)
    assert run(["train", "--config", "c.toml", "--print-config"]) == 0
    assert "batch_size = 128" in capsys.readouterr().out
    assert run(["predict", "x.png", "--config", "c.toml", "--print-config"]) == 0


def test_the_manual_has_a_topic_for_each_page_and_no_other():
    assert sorted(path.stem for path in (ROOT / "cnnkit" / "docs").glob("*.md")) == sorted(TOPICS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_to_files(page):
    links = re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        if not link.startswith("https://"):
            assert (page.parent / link).is_file(), link


def test_the_readme_is_short_and_its_pictures_are_small():
    assert len(README.read_text(encoding="utf-8").splitlines()) < 150
    for picture in (ROOT / "cnnkit" / "docs" / "pictures").iterdir():
        assert picture.stat().st_size < 60_000, picture.name


def test_the_picture_to_try_is_read_as_what_it_shows(capsys):
    (block,) = [block for block in blocks(README, "sh") if block.startswith("cnnkit predict cnnkit/docs")]
    picture = ROOT / block.split()[2]
    assert run(["predict", str(picture), "--model", str(SHIPPED), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["label"] == "7" and answer["score"] > 0.9


def test_the_readme_leads_to_each_page_of_the_manual():
    for topic in TOPICS:
        assert f"](cnnkit/docs/{topic}.md)" in README.read_text(encoding="utf-8")


@pytest.fixture
def server(shared):
    """The published files of MNIST, served from here."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(shared / "data" / "mnist"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


@pytest.fixture
def checkout(tmp_path):
    """A copy of what git knows, so that nothing left lying about can help."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        target = tmp_path / "cnnkit-checkout" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return tmp_path / "cnnkit-checkout"


@pytest.mark.slow
def test_every_command_of_readme_and_manual_runs_in_a_fresh_environment(checkout, tmp_path, server):
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("CNNKIT_", "NUMBA_"))}
    environment |= {
        "PATH": f"{tmp_path / 'venv' / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "CNNKIT_FETCH_URL": server,
        "CNNKIT_EPOCHS": "1",  # where a page leaves it open: enough to see that a command works
    }
    draw_pictures(checkout)
    # The first command compiles what it needs, as on a new machine; the others find what other tests have compiled.
    compiled = {name: value for name, value in os.environ.items() if name == "CNNKIT_CACHE"}
    for number, block in enumerate(block for page in PAGES for block in blocks(page, "sh")):
        if "pytest" in block:
            continue  # the tests do not run the tests; `.ci/run` does
        if number == 1:
            environment |= compiled
        done = subprocess.run(["bash", "-euc", block], cwd=checkout, env=environment, capture_output=True, text=True)
        said = f"{block}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, said
        assert "Error" not in done.stderr, said
    assert len(list((checkout / "runs").glob("**/manifest.json"))) >= 3
