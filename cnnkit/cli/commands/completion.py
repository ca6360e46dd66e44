"""`cnnkit completion`: the script by which a shell completes our commands, options and names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from cnnkit.cli.arguments.values import Name
from cnnkit.cli.command import COMPLETE_VARIABLE, command
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
    made = get_completion_class(shell)
    if made is None:
        raise UsageError(f"This version of click has no completion for {shell}.")
    complete = made(click.get_current_context().find_root().command, {}, "cnnkit", COMPLETE_VARIABLE)
    script = complete.source_template % complete.source_vars()
    if screen.as_json:
        screen.json({"shell": shell, "script": script})
    else:
        screen.text(script, whole=True)
        screen.note(f"To have completion in every session, {PLACES[shell]}")
