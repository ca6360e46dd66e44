"""Options: a class that knows other spellings and the environment, and the few options that every command has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cnnkit.cli.arguments import config_file
from cnnkit.cli.arguments.values import Backend, Name, Whole
from cnnkit.config import BACKENDS, PRECISIONS

SHARED = ("json", "quiet", "threads", "backend", "precision", "config", "print_config", "debug")

# The headings of options in a help, in their order; the last one is for the options that all commands share.
SECTIONS = ("Options", "Data", "Network", "Length", "Optimisation", "Augmentation", "Run", "Common options")


class Option(click.Option):
    """An option that is also read from CNNKIT_<NAME>; `also` are spellings of other tools, understood but not shown.

    section: the heading under which the help shows it.
    """

    def __init__(self, declarations: list[str], *, also: str = "", section: str = SECTIONS[0], **rest: Any) -> None:
        self.section = section
        self.shown = [text for text in declarations if text.startswith("-")]
        longest = max((text.split("/")[0] for text in self.shown), key=len)
        rest.setdefault("envvar", "CNNKIT_" + longest.lstrip("-").replace("-", "_").upper())
        super().__init__([*declarations, *also.split(), longest.lstrip("-").replace("-", "_")], **rest)

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The help line, without the hidden spellings."""
        every, self.opts = self.opts, [text.split("/")[0] for text in self.shown]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = every

    def get_error_hint(self, ctx: click.Context | None) -> str:
        return f"'{self.shown[-1].split('/')[0]}'"


def option(*declarations: str, also: str = "", **rest: Any) -> Callable[[Any], Any]:
    """`click.option` with our class; the default is shown wherever there is one."""
    rest.setdefault("show_default", rest.get("default") is not None)
    return click.option(*declarations, cls=Option, also=also, **rest)


def shown_spellings(command: click.Command) -> dict[str, str]:
    """Every spelling of the command's options that is understood -> the one that its help shows."""
    shown: dict[str, str] = {}
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            own = param.shown if isinstance(param, Option) else param.opts
            longest = max((text.split("/")[0] for text in own), key=len)
            shown |= dict.fromkeys(param.opts, longest) | {text: text for text in param.secondary_opts}
    return shown


def shared_options() -> list[click.Parameter]:
    """--json --quiet --threads --backend --precision --config --print-config --debug, anew for each command."""
    options = [
        Option(["--json"], is_flag=True, help="Print the result as JSON on stdout."),
        Option(["-q", "--quiet"], is_flag=True, help="No progress and no notes: the result and errors only."),
        Option(
            ["-t", "--threads"],
            also="--workers -j",
            type=Whole(1, 1024, example="--threads 2"),
            help="Threads to compute with; by default the cores that this process may use.",
        ),
        Option(
            ["--backend"],
            also="--device",
            type=Backend(BACKENDS, example="--backend cpu"),
            default="auto",
            show_default=True,
            help="auto, cpu, reference (the slow definitions) or cuda; cuda:1 is the second device.",
        ),
        Option(
            ["--precision"],
            type=Name(PRECISIONS, example="--precision exact"),
            default="fast",
            show_default=True,
            help="fast; exact: plain sums, half the rounding, 3x3 and 5x5 convolutions take 2 to 3.5 times as long; "
            "tf32: CUDA's tensor cores, operands of 10 bits behind the point.",
        ),
        Option(
            ["--config"],
            type=click.Path(path_type=Path),
            is_eager=True,
            expose_value=True,
            callback=_read_config,
            help="Read options from a TOML file; options and CNNKIT_* variables override it.",
        ),
        Option(["--print-config"], is_flag=True, help="Print all options as TOML for --config, and stop."),
        Option(["--debug"], is_flag=True, help="Show the traceback of an error."),
    ]
    for shared in options:
        shared.section = SECTIONS[-1]
    return list(options)


def was_given(ctx: click.Context, name: str) -> bool:
    """Whether the user chose an option's value: in the command, in a variable or in a file."""
    return ctx.get_parameter_source(name) not in (None, ParameterSource.DEFAULT)


def _read_config(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and not ctx.resilient_parsing:
        values = config_file.read(path, ctx.command)
        ctx.default_map = {**(ctx.default_map or {}), **values}
        ctx.meta["cnnkit.config"] = str(path)
        for other in ctx.command.params:
            # Another eager option that was looked at before this file was known, and found to be nowhere.
            if other.is_eager and other.name in values and ctx.params.get(other.name, path) is None:
                del ctx.params[other.name]
                other.handle_parse_result(ctx, {}, [])
    return path
