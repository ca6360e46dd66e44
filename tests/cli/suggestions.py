"""Which options a text names that the help of the command at hand does not show."""

import re

import click

from cnnkit.cli.command import Command
from cnnkit.cli.main import cli

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*\b")
# A whole command within a text: up to the end of the line, a quote or a bracket.
COMMAND = re.compile(r"cnnkit ((?:[a-z-]+ )*)[^\n`);]*")

ABOUT_OTHERS = ("help", "recipes", "completion")  # commands whose result names options of others


def command_of(words: list[str]) -> tuple[str, click.Command] | None:
    """The command that the first words call, with its name."""
    place: click.Command = cli
    path = ["cnnkit"]
    for word in words:
        found = place.get_command(click.Context(place), word) if isinstance(place, click.Group) else None
        if found is None:
            break
        place = found
        path.append(word)
    return (" ".join(path), place) if isinstance(place, Command) else None


def shown_options(command: click.Command) -> set[str]:
    """The options in the help of a command."""
    return set(OPTION.findall(command.get_help(click.Context(command, **command.context_settings))))


def unknown_options(arguments: list[str], text: str) -> set[str]:
    """Options that `text` names and that neither the user gave nor the help of their command shows."""
    told = command_of(arguments)
    if told is None or arguments[0] in ABOUT_OTHERS:
        return set()
    bad: set[str] = set()
    given = {word.split("=")[0] for word in arguments if word.startswith("--")}

    def judge(found: re.Match[str]) -> str:
        named = command_of(found[1].split())
        if named is not None:
            bad.update(set(OPTION.findall(found[0])) - shown_options(named[1]) - given)
            return ""
        return found[0]

    rest = COMMAND.sub(judge, text)
    return bad | (set(OPTION.findall(rest)) - shown_options(told[1]) - given)
