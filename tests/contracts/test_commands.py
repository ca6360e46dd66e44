"""Every command has a help that ends in an example, the shared options, and a line in the manual."""

import re
import shlex
from pathlib import Path

import click
import pytest

from cnnkit.cli.arguments.common import SECTIONS, SHARED, Option
from cnnkit.cli.command import Command, Group
from cnnkit.cli.main import cli

MANUAL = Path(__file__).resolve().parents[2] / "cnnkit" / "docs" / "commands.md"


def commands(group: Group = cli, path: tuple[str, ...] = ()) -> dict[str, click.Command]:
    """Every command and group by the words that call it."""
    context = click.Context(group)
    found = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        found[" ".join((*path, name))] = command
        if isinstance(command, Group):
            found |= commands(command, (*path, name))
    return found


COMMANDS = commands()
LEAVES = {words: command for words, command in COMMANDS.items() if isinstance(command, Command)}


def help_of(words: str) -> str:
    command = COMMANDS[words]
    return command.get_help(click.Context(command, info_name=f"cnnkit {words}", **command.context_settings))


@pytest.mark.parametrize("words", COMMANDS)
def test_help_says_what_it_does_and_ends_with_an_example(words):
    lines = help_of(words).rstrip().splitlines()
    assert lines[2].strip(), "a sentence follows the usage"
    assert lines[-2] == "Example:"
    assert f"cnnkit {words.split()[0]}" in lines[-1]


@pytest.mark.parametrize("words", COMMANDS)
def test_help_fits_a_terminal_of_eighty_columns(words):
    assert max(len(line) for line in help_of(words).splitlines()) <= 80


@pytest.mark.parametrize("words", LEAVES)
def test_help_shows_each_option_once_below_a_heading(words):
    command, text = LEAVES[words], re.split(r"\n(?=\w.*:\n)", help_of(words), maxsplit=1)[1]
    for param in command.params:
        if isinstance(param, Option):
            shown = max((word.split("/")[0] for word in param.shown), key=len)
            lines = [line for line in text.splitlines() if re.match(rf"  (-\w, )?{shown}( |$)", line)]
            assert len(lines) == (0 if param.hidden else 1), shown
    assert text.index("Common options:") < text.index("  --json")


def test_the_many_options_of_train_have_headings():
    headings = [line for line in help_of("train").splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == [f"{section}:" for section in (*SECTIONS[1:], "Example")]


@pytest.mark.parametrize("words", [words for words in COMMANDS if words not in LEAVES] + [""])
def test_a_group_lists_each_command_with_a_whole_sentence(words):
    group = COMMANDS[words] if words else cli
    lines = group.get_help(click.Context(group)).split("Commands:\n")[1].split("\n\n")[0].splitlines()
    assert lines and all(line.endswith(".") and not line.endswith("...") for line in lines)


@pytest.mark.parametrize("words", LEAVES)
def test_the_example_is_a_command_that_parses(words):
    example = LEAVES[words].example.removeprefix('eval "$(').removesuffix(')"')
    arguments = shlex.split(example)[1 + len(words.split()) :]
    with LEAVES[words].make_context(words, arguments):
        pass


@pytest.mark.parametrize("words", LEAVES)
def test_the_shared_options_are_there(words):
    names = {param.name for param in LEAVES[words].params}
    assert names >= set(SHARED)


@pytest.mark.parametrize("words", LEAVES)
def test_every_option_has_a_help_and_its_variable(words):
    for param in LEAVES[words].params:
        if isinstance(param, click.Option):
            assert param.help, param.name
            # CNNKIT_CACHE is the folder of compiled kernels, which is older than --cache.
            name = "PICTURE_CACHE" if param.name == "cache" else param.name.upper()
            assert param.envvar == f"CNNKIT_{name}"


@pytest.mark.parametrize("words", LEAVES)
def test_the_manual_has_a_line(words):
    assert f"`cnnkit {words}" in MANUAL.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SHARED)
def test_the_manual_has_each_shared_option(name):
    assert f"`--{name.replace('_', '-')}" in MANUAL.read_text(encoding="utf-8")
