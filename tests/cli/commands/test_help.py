"""The manual in the terminal."""

import io
import re

import pytest

from cnnkit.cli.commands.help import TOPICS
from cnnkit.cli.show.manual import print_markdown


class Watched(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


def test_topics_are_listed_with_a_line_each(cnnkit):
    ended = cnnkit("help")
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert [line.split()[0] for line in lines] == list(TOPICS)
    assert all(len(line.split()) > 4 for line in lines)
    assert max(map(len, lines)) <= 120 and all(line.count(". ") == 0 and line.endswith(".") for line in lines)
    assert [topic["name"] for topic in cnnkit("help", "--json").json["topics"]] == list(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_page_is_plain_text_in_a_pipe(cnnkit, topic):
    ended = cnnkit("help", topic)
    assert ended.code == 0
    assert ended.out.startswith("# ")
    assert "\x1b" not in ended.out
    assert "```" not in ended.out and "](" not in ended.out
    prose = [line for line in ended.out.splitlines() if not line.startswith("    ")]
    assert max(map(len, prose)) <= 80
    assert not any(line != line.rstrip() for line in prose)


def test_a_link_is_the_name_of_a_topic(cnnkit):
    assert "(`cnnkit help data`)" in " ".join(cnnkit("help", "training").out.split())


def test_a_terminal_gets_bold_titles_and_no_quotes(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Watched()
    print_markdown("# A title\n\nSome `code` here.\n\n- a point\n", stream)
    shown = stream.getvalue()
    assert "\x1b[1mA title\x1b[0m" in shown
    assert "#" not in shown and "`" not in shown


def test_commands_of_a_page_are_not_broken(cnnkit):
    ended = cnnkit("help", "training")
    assert any(re.fullmatch(r"    cnnkit train --data .* --output \S+", line) for line in ended.out.splitlines())


def test_long_lines_of_code_are_whole_in_a_narrow_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    stream, code = Watched(), "x = " + "y + " * 30 + "z"
    print_markdown(f"```python\n{code}\n```\n\n" + "word " * 40, stream)
    assert code in stream.getvalue()
    prose = [line for line in stream.getvalue().splitlines() if line.startswith("word")]
    assert len(prose) == 4 and max(map(len, prose)) <= 60


def test_the_name_of_a_command_shows_its_help(cnnkit):
    assert cnnkit("help", "evaluate").out == cnnkit("evaluate", "-h").out
    assert cnnkit("help", "data", "check").out == cnnkit("data", "check", "-h").out


def test_an_unknown_topic_tells_the_near_ones(cnnkit):
    ended = cnnkit("help", "trainnig")
    assert (ended.code, ended.out) == (2, "")
    assert "Did you mean training" in ended.err
    # The beginning of a topic, even where titles of sections have it too.
    assert "Did you mean training" in cnnkit("help", "trainin").err
    ended = cnnkit("help", "xyzzy")
    assert ended.code == 2
    assert all(topic in ended.err for topic in TOPICS)
    assert cnnkit("help", "data", "chekc").code == 2


@pytest.mark.parametrize(
    ("words", "topic"), [("json", "runs"), ("exit codes", "runs"), ("recipes", ""), ("EMNIST", "data")]
)
def test_the_title_of_a_section_leads_to_its_page(cnnkit, words, topic):
    ended = cnnkit("help", *words.split())
    if topic:
        assert ended.code == 2 and f"It is a part of: cnnkit help {topic} (" in ended.err
    else:
        assert ended.out.startswith("Usage: cnnkit recipes"), "a command goes first"


def test_a_topic_as_json_is_its_markdown(cnnkit):
    record = cnnkit("help", "runs", "--json").json
    assert record["topic"] == "runs"
    assert record["text"].startswith("# Runs\n")
