"""What every command shares: its options, its example at the end of the help, lazy groups, and a hint for a slip."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Any, TypeVar

import click

from cnnkit.cli.arguments import config_file
from cnnkit.cli.arguments.common import SECTIONS, SHARED, shared_options, shown_spellings

# What a shell sets when it asks for completions.
COMPLETE_VARIABLE = "_CNNKIT_COMPLETE"
HELP_NAMES = ["-h", "--help"]

# Bytes that the imports of a command take which computes.
LEAST_ADDRESS_SPACE = 400 * 2**20

F = TypeVar("F", bound=Callable[..., Any])


class Command(click.Command):
    """A command with the shared options; `computes` says that it will run kernels."""

    def __init__(self, name: str | None, *, example: str, computes: bool = False, **rest: Any) -> None:
        super().__init__(name, **rest)
        self.example, self.computes = example, computes
        self.params += shared_options()
        self.context_settings.setdefault("help_option_names", HELP_NAMES)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options by heading, those of all commands at the end."""
        records: dict[str, list[tuple[str, str]]] = {section: [] for section in SECTIONS}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                records[getattr(param, "section", SECTIONS[-1])].append(record)
        for section, lines in records.items():
            if lines:
                with formatter.section(section):
                    formatter.write_dl(lines)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_example(formatter, self.example)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "" in args:
            raise self._empty_word(ctx, args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise self._no_option(ctx, error.option_name) from error
        except click.UsageError as error:
            if type(error) is click.UsageError and "unexpected extra argument" in error.message:
                raise self._no_argument(ctx, error) from error
            raise

    def _no_argument(self, ctx: click.Context, error: click.UsageError) -> click.UsageError:
        """A word too many is most likely the data, or an option as other tools have it: lr=0.1."""
        extra = error.message.partition("(")[2].rstrip(")")
        takes_data = any("--data" in param.opts for param in self.params)
        name, equals, value = extra.partition(" ")[0].partition("=")
        option = shown_spellings(self).get(f"--{name.replace('_', '-')}")
        if equals and option:
            flag = any(getattr(param, "is_flag", False) for param in self.params if option in param.opts)
            hint = f" An option is given with two hyphens: {option}{'' if flag else ' ' + value}"
        else:
            hint = f" The data are given with --data: --data {extra}" if takes_data and " " not in extra else ""
        return click.UsageError(f"{ctx.command_path} does not know what to do with {extra!r}.{hint}", ctx)

    def _empty_word(self, ctx: click.Context, args: list[str]) -> click.UsageError:
        """An empty name would be the current folder: what nobody asked for would be read, or written into."""
        before = args[: args.index("")]
        where = f" behind {before[-1]}" if before and before[-1].startswith("-") else ""
        return click.UsageError(f"There is an empty word{where}. Is a variable of your shell not set?", ctx)

    def _no_option(self, ctx: click.Context, name: str) -> click.UsageError:
        """What -h shows for the likely options, whichever of their spellings is near."""
        spellings = shown_spellings(self)
        near = dict.fromkeys(spellings[word] for word in get_close_matches(name, spellings, 3))
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        return click.UsageError(f"{ctx.command_path} has no option {name!r}.{hint}", ctx)

    def invoke(self, ctx: click.Context) -> Any:
        chosen = dict(ctx.params)
        shared = {name: ctx.params.pop(name) for name in SHARED}
        ctx.meta["cnnkit.debug"], ctx.meta["cnnkit.shared"] = shared["debug"], shared
        if shared["print_config"]:
            click.echo(config_file.render(self, chosen), nl=False)
            return None
        from cnnkit.cli.show.screen import Screen

        ctx.obj = Screen(as_json=shared["json"], quiet=shared["quiet"])
        return self._compute(ctx, shared["backend"], shared["precision"], shared["threads"])

    def _compute(self, ctx: click.Context, backend: str, precision: str, threads: int | None) -> Any:
        from cnnkit import kernels
        from cnnkit.config import address_space_limit, default_threads

        limit = address_space_limit()
        if self.computes and limit is not None and limit < LEAST_ADDRESS_SPACE:
            raise MemoryError  # before a library ends the process in its own words
        count = threads or default_threads()
        if "numba" not in sys.modules:
            os.environ["NUMBA_NUM_THREADS"] = str(count)  # numba reads it once, when it is imported
        # numpy's BLAS takes address space for each core and ends the process without it; cnnkit never calls it.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with kernels.use(backend=backend, threads=count if self.computes else None, precision=precision):
            if not self.computes:
                return super().invoke(ctx)
            from cnnkit.kernels.host import cache_note, refused_note

            if note := cache_note():
                ctx.obj.note(note)
            try:
                return super().invoke(ctx)
            finally:
                if note := refused_note():
                    ctx.obj.note(note)


class Group(click.Group):
    """Commands named as "module:attribute", imported when asked for; other spellings are understood, not listed."""

    def __init__(
        self,
        name: str,
        *,
        commands_at: dict[str, str],
        example: str,
        aliases: dict[str, str] | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(name, **rest)
        self.commands_at, self.aliases, self.example = commands_at, aliases or {}, example
        self.context_settings.setdefault("help_option_names", HELP_NAMES)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = self.commands_at.get(self.aliases.get(cmd_name, cmd_name))
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(word, [*self.commands_at, *self.aliases], 1)
            if inside := self._inside(ctx, word):
                hint = f"Did you mean {' or '.join(map(repr, inside))}?"
            elif near:
                hint = f"Did you mean {self.aliases.get(near[0], near[0])!r}?"
            else:
                hint = f"There are: {', '.join(self.commands_at)}."
            raise click.UsageError(f"{ctx.command_path} has no command {word!r}. {hint}", ctx)
        name, command, rest = super().resolve_command(ctx, args)
        return self.aliases.get(name or "", name), command, rest

    def _inside(self, ctx: click.Context, word: str) -> list[str]:
        """Commands of this very name in the groups below, such as `data check` for check."""
        groups = {name: self.get_command(ctx, name) for name in self.commands_at}
        return [
            f"{name} {word}" for name, group in groups.items() if isinstance(group, Group) and word in group.commands_at
        ]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _write_example(formatter, self.example)


def command(name: str, *, example: str, computes: bool = False) -> Callable[[F], Command]:
    """Make a function a command; its docstring is the help."""

    def decorate(function: F) -> Command:
        return click.command(name, cls=Command, example=example, computes=computes)(click.pass_obj(function))

    return decorate


def _write_example(formatter: click.HelpFormatter, example: str) -> None:
    with formatter.section("Example"):
        for line in example.splitlines():
            formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
