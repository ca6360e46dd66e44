"""How blocks look."""

import re

from cnnkit.pages.page import render as rendering
from cnnkit.pages.page.blocks import Block, Verbatim


def drawn(block: Block) -> str:
    return str(rendering._environment().get_template("page/blocks.html").module.draw(block))


def test_a_command_is_broken_between_its_words_alone_and_copied_as_it_is():
    text = "cnnkit train --data 'my <photos>'  --epochs 2"
    page = drawn(Verbatim(text, command=True))
    assert "<span>--epochs</span> <span>2</span>" in page
    assert re.sub("<[^>]*>", "", page).strip() == text.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;")
    assert "<span>" not in drawn(Verbatim(text))
