"""`cnnkit completion`, and what the shell is offered for model, data and run names."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

from cnnkit.cli.arguments.values import Name
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen
from cnnkit.errors import UsageError

SHELLS = ("bash", "zsh", "fish")
PLACES = {
    "bash": 'add to ~/.bashrc:   eval "$(cnnkit completion bash)"',
    "zsh": 'add to ~/.zshrc:   eval "$(cnnkit completion zsh)"',
    "fish": "cnnkit completion fish > ~/.config/fish/completions/cnnkit.fish",
}


@command("completion", example='eval "$(cnnkit completion zsh)"')
@click.argument("shell", type=Name(SHELLS, example="cnnkit completion zsh"))
def completion(screen: Screen, shell: str) -> None:
    """Print the completion script for bash, zsh or fish.

    It completes commands, options, models and runs.
    """
    from cnnkit.cli.main import COMPLETE_VARIABLE, cli

    made = get_completion_class(shell)
    if made is None:
        raise UsageError(f"This version of click has no completion for {shell}.")
    complete = made(cli, {}, "cnnkit", COMPLETE_VARIABLE)
    script = complete.source_template % complete.source_vars()
    if screen.as_json:
        screen.json({"shell": shell, "script": script})
    else:
        screen.text(script, whole=True)
        screen.note(f"To have completion in every session, {PLACES[shell]}")


def model_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from cnnkit.models import registry

    return [CompletionItem(name) for name in registry.names() if name.startswith(incomplete)]


def weight_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Networks whose weights can be downloaded."""
    from cnnkit.models.weights.downloads import DOWNLOADS

    return [CompletionItem(name) for name in DOWNLOADS if name.startswith(incomplete)]


def recipe_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from cnnkit.engine.records import recipes

    return [CompletionItem(name) for name in recipes.names() if name.startswith(incomplete)]


def data_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from cnnkit.data.open.source import NAMES

    return [CompletionItem(name) for name in NAMES if name.startswith(incomplete)] + _files(incomplete, "dir")


def run_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Run folders under `runs/` by their manifest, then any file."""
    found = (str(manifest.parent) for manifest in sorted(Path("runs").glob("**/manifest.json")))
    return [CompletionItem(name) for name in found if name.startswith(incomplete)] + _files(incomplete, "file")


def _files(incomplete: str, kind: str) -> list[CompletionItem]:
    """The shell completes paths itself when told so."""
    return [CompletionItem(incomplete, type=kind)]
