"""`cnnkit help`: the pages of cnnkit/docs in the terminal, and the help of commands."""

from __future__ import annotations

import re
from importlib.resources import files

import click

from cnnkit.cli.command import Group, command
from cnnkit.cli.show.screen import Screen
from cnnkit.errors import UsageError

# In the order in which a newcomer may read them.
TOPICS = (
    "training",
    "data",
    "segmentation",
    "detection",
    "explain",
    "networks",
    "commands",
    "options",
    "runs",
    "report",
    "python",
    "speed",
    "cuda",
)


def _topics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[click.shell_completion.CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in TOPICS if name.startswith(incomplete)]


@command("help", example="cnnkit help training")
@click.argument("topic", nargs=-1, shell_complete=_topics)
@click.pass_context
def show(ctx: click.Context, /, screen: Screen, topic: tuple[str, ...]) -> None:
    """Show a page of the manual, or list its topics.

    With the name of a command: what -h shows for it.
    """
    words = " ".join(topic).lower()
    if not words:
        _list(screen)
    elif words in TOPICS:
        _page(screen, words)
    else:
        _command(ctx, screen, topic)


def page(topic: str) -> str:
    """The Markdown text of one page."""
    return (files("cnnkit") / "docs" / f"{topic}.md").read_text(encoding="utf-8")


def summary(topic: str) -> str:
    """What a page is about: the first sentence below its title, as one plain line."""
    paragraph = " ".join(page(topic).split("\n\n")[1].replace("`", "").split())
    return re.split(r"(?<=\.) (?=[A-Zc])", paragraph)[0]


def _list(screen: Screen) -> None:
    if screen.as_json:
        screen.json({"topics": [{"name": name, "summary": summary(name)} for name in TOPICS]})
        return
    screen.facts([(name, summary(name)) for name in TOPICS], prose=TOPICS)
    screen.note("\nOne page: cnnkit help TOPIC\nThe options of a command: cnnkit COMMAND -h")


def _page(screen: Screen, topic: str) -> None:
    if screen.as_json:
        screen.json({"topic": topic, "text": page(topic)})
    else:
        screen.markdown(_for_terminal(page(topic)))


def _for_terminal(text: str) -> str:
    """Links to other pages become the names of topics."""
    return re.sub(r"\[([^]]+)\]\((\w+)\.md\)", r"\1 (`cnnkit help \2`)", text)


def _command(ctx: click.Context, screen: Screen, words: tuple[str, ...]) -> None:
    found: click.Command | None = ctx.find_root().command
    place = ctx.find_root()
    for word in words:
        found = found.get_command(place, word) if isinstance(found, Group) else None
        if found is None:
            raise _unknown(ctx, " ".join(words))
        place = click.Context(found, parent=place, info_name=word, **found.context_settings)
    if screen.as_json:
        screen.json({"topic": " ".join(words), "text": place.get_help()})
    else:
        screen.text(place.get_help(), whole=True)


def _unknown(ctx: click.Context, words: str) -> UsageError:
    from difflib import get_close_matches

    root = ctx.find_root().command
    known = [*TOPICS, *(name for name in root.list_commands(ctx) if name not in TOPICS)]  # type: ignore[attr-defined]
    near = get_close_matches(words.lower(), known, 2)
    where = [f"cnnkit help {topic} ({title})" for topic in TOPICS for title in _titles(topic, words)]
    if where and not near:
        return UsageError(f"There is no topic {words!r}. It is a part of: {', '.join(where)}.")
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Topics: {', '.join(TOPICS)}. Commands have a page too."
    return UsageError(f"There is no topic {words!r}. {hint}")


def _titles(topic: str, words: str) -> list[str]:
    """The sections of a page whose title has these words."""
    titles = [line.removeprefix("## ") for line in page(topic).splitlines() if line.startswith("## ")]
    return [title for title in titles if words.lower() in title.lower()]
