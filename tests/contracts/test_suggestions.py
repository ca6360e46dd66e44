"""Every option that a text of cnnkit names is one that the help of some command shows."""

import ast
import re
from pathlib import Path

import pytest

from cnnkit.pages.texts import LANGUAGES, read

from .test_commands import COMMANDS, help_of

ROOT = Path(__file__).resolve().parents[2]
OPTION = re.compile(r"(?<![\w-])--[a-z0-9]+(?:-[a-z0-9]+)*(?![\w-])")
SHOWN = {word for words in COMMANDS for word in OPTION.findall(help_of(words))} | {"--version"}
# Declarations of options, with their hidden spellings; and scripts of other programs.
SOURCES = [path for path in sorted((ROOT / "cnnkit").rglob("*.py")) if "cli" not in path.relative_to(ROOT).parts]
PAGES = [ROOT / "README.md", *sorted((ROOT / "cnnkit" / "docs").glob("*.md"))]


def texts(path: Path) -> list[str]:
    """All string literals of a module but its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)]
    documents = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in documents)
    return [node.value for node in nodes if isinstance(node.value, str)]


def test_messages_name_options_that_help_shows():
    named = {path: {word for text in texts(path) for word in OPTION.findall(text)} for path in SOURCES}
    assert not {str(path): words - SHOWN for path, words in named.items() if words - SHOWN}
    assert sum(map(bool, named.values())) > 20, "the search finds options at all"


def test_the_manual_has_each_environment_variable_that_is_read():
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "cnnkit").rglob("*.py"))
    read = set(re.findall(r"(?<!_)CNNKIT_[A-Z]+(?:_[A-Z]+)*(?!\w)", sources))
    options = {f"CNNKIT_{word.strip('-').replace('-', '_').upper()}" for word in SHOWN}
    page = (ROOT / "cnnkit" / "docs" / "options.md").read_text(encoding="utf-8")
    assert not {name for name in read - options if f"`{name}`" not in page}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_name_options_that_help_shows(path):
    foreign = {"--user"}
    assert set(OPTION.findall(path.read_text(encoding="utf-8"))) <= SHOWN | foreign


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_of_pages_name_options_that_help_shows(language):
    sentences = read(language)
    assert {word for key in sentences.keys for word in OPTION.findall(sentences(key))} <= SHOWN
