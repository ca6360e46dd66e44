"""The door of the command line: every command by name, and the one place where an ending becomes an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

import click

from cnnkit._version import __version__
from cnnkit.cli.command import COMPLETE_VARIABLE, HELP_NAMES, Group
from cnnkit.cli.endings import Terminated, exit_code

cli = Group(
    "cnnkit",
    help="Train and use convolutional networks on ordinary machines.",
    commands_at={
        "train": "cnnkit.cli.commands.train:train",
        "lr-find": "cnnkit.cli.commands.lr_find:find",
        "evaluate": "cnnkit.cli.commands.evaluate:evaluate",
        "compare": "cnnkit.cli.commands.compare:compare",
        "report": "cnnkit.cli.commands.report:report",
        "predict": "cnnkit.cli.commands.predict:predict",
        "explain": "cnnkit.cli.commands.explain:explain",
        "export": "cnnkit.cli.commands.export:export",
        "bench": "cnnkit.cli.commands.bench:bench",
        "models": "cnnkit.cli.commands.models:models",
        "recipes": "cnnkit.cli.commands.recipes:recipes",
        "weights": "cnnkit.cli.commands.weights:weights",
        "data": "cnnkit.cli.commands.data.group:data",
        "warmup": "cnnkit.cli.commands.warmup:warmup",
        "doctor": "cnnkit.cli.commands.doctor:doctor",
        "cache": "cnnkit.cli.commands.cache:cache",
        "completion": "cnnkit.cli.commands.completion:completion",
        "help": "cnnkit.cli.commands.help:show",
    },
    aliases={"val": "evaluate", "test": "evaluate", "infer": "predict", "benchmark": "bench"},
    example="cnnkit train",
)
click.version_option(__version__, "--version", prog_name="cnnkit", message="%(prog)s %(version)s")(cli)


def main() -> int:
    """The command line of this process: what a user types, and the signals a user sends."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # any file name can be shown
    signal.signal(signal.SIGTERM, _terminate)
    if instruction := os.environ.get(COMPLETE_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, "cnnkit", COMPLETE_VARIABLE, instruction)
    return run(sys.argv[1:], own_process=True)


def run(arguments: Sequence[str], *, own_process: bool = False) -> int:
    """Run one command and return its exit code; a command with a process of its own may start that again."""
    context: click.Context | None = None
    try:
        with cli.make_context("cnnkit", list(arguments), help_option_names=HELP_NAMES) as context:
            if own_process:
                context.meta["cnnkit.own_arguments"] = list(arguments)
            cli.invoke(context)
        sys.stdout.flush()  # here, so that a reader who left is noticed inside the try
    except BaseException as error:
        return exit_code(error, debug=context is not None and bool(context.meta.get("cnnkit.debug")))
    return 0


def _terminate(signum: int, frame: FrameType | None) -> None:
    raise Terminated
