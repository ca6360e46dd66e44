"""`cnnkit warmup`: compile now what would be compiled later."""

from __future__ import annotations

import click

from cnnkit.cli.arguments.completion import model_names
from cnnkit.cli.command import command
from cnnkit.cli.show.screen import Screen


@command("warmup", example="cnnkit warmup", computes=True)
@click.argument("names", metavar="[MODEL]...", nargs=-1, shell_complete=model_names)
def warmup(screen: Screen, names: tuple[str, ...]) -> None:
    """Compile all kernels now, once per machine.

    With MODEL: only the kernels of this network.
    """
    from cnnkit.engine.ahead.warmup import warmup as walk
    from cnnkit.kernels.host import cache_folder, statistics

    with screen.progress() as progress:
        for name, event in walk(names):
            what = "loading" if event.cached else "compiling"
            progress.update(f"{name}: {what} kernels", event.done, event.total, event.name, event.name)
    done = statistics()
    if screen.as_json:
        facts = {"compiled": done.compiled, "loaded": done.loaded, "seconds": done.seconds}
        screen.json(facts | {"folder": str(cache_folder())})
    else:
        screen.text(f"{done.compiled} kernels compiled, {done.loaded} already there, {done.seconds:.1f} s.")
        screen.note(f"They are saved in {cache_folder()}.")
