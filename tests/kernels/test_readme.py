"""The guided tour quotes the real code: a block that names a file must be found in it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOUR = (ROOT / "cnnkit/kernels/README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n# (\S+)\n(.*?)```", TOUR, re.DOTALL)
FILES = sorted(set(re.findall(r"`((?:cpu|reference|shared|tests)/[\w/]+(?:\.py)?)`", TOUR)))


def test_the_tour_quotes_code():
    assert len(BLOCKS) >= 4


@pytest.mark.parametrize(("path", "code"), BLOCKS, ids=[path for path, _ in BLOCKS])
def test_a_quoted_block_stands_in_its_file(path, code):
    assert undented(code) in undented((ROOT / path).read_text("utf-8")), f"{path} no longer contains\n{code}"


@pytest.mark.parametrize("path", FILES)
def test_a_named_file_exists(path):
    assert (ROOT / path).exists() or (ROOT / "cnnkit/kernels" / path).exists()


def undented(text: str) -> str:
    """Lines without what stands before them, so that a block may be quoted from inside a function."""
    return "\n".join(line.strip() for line in text.splitlines())
