"""Options in a TOML file: `epochs = 5` for the command that reads it, `[train]` for one command alone."""

from __future__ import annotations

import codecs
import json
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from cnnkit.errors import UsageError
from cnnkit.serialize import plain_toml
from cnnkit.serialize.files import read_whole

# What a file cannot say: where the file is, and what only one call can mean.
LEFT_OUT = ("config", "print_config", "help", "debug")


def read(path: Path, command: click.Command) -> dict[str, Any]:
    """The options for `command` in a file, by parameter name; a key that the command does not know is refused."""
    table = _table(path)
    own = table.get(command.name or "")
    flat = {key: value for key, value in table.items() if not isinstance(value, dict)}
    if isinstance(own, dict):
        flat |= own
    names = _spellings(command)
    params = {param.name: param for param in command.params}
    chosen = {}
    for key, value in flat.items():
        name = names.get(key.replace("-", "_"))
        if name is None:
            raise UsageError(f"{path} sets {key!r}, which {command.name} does not have.{_hint(key, names, command)}")
        chosen[name] = _plain(path, key, value, params[name])
    sections = [key for key, value in table.items() if isinstance(value, dict) and key != command.name]
    if sections and (known := _commands()):
        _check_sections(path, sections, names, known)
    return chosen


def _check_sections(path: Path, sections: list[str], names: dict[str, str], known: list[str]) -> None:
    """UsageError for a section that no command reads: what it sets would be passed over without a word."""
    for key in sections:
        if key in known:
            continue
        if key.replace("-", "_") in names:
            raise UsageError(f"{path} sets {key!r} to a table, and the option takes one value, as in: epochs = 5")
        near = get_close_matches(key, known, 1)
        hint = f"Did you mean [{near[0]}]?" if near else f"There are: {', '.join(known)}."
        raise UsageError(f"{path} has a section [{key!s:.50}], and no command has that name. {hint}")


def _commands() -> list[str]:
    """The commands that sections of a file may be for; none where a command runs by itself."""
    context = click.get_current_context(silent=True)
    root = context.find_root().command if context else None
    if context is None or not isinstance(root, click.Group):
        return []
    names: list[str] = []
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        names += [name, *(command.list_commands(context) if isinstance(command, click.Group) else [])]
    return list(dict.fromkeys(names))


def _table(path: Path) -> dict[str, Any]:
    try:
        content = read_whole(path, plain_toml.LARGEST)
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read: {error.strerror}.") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content:
        raise UsageError(f"--config {path} is not UTF-8: is it UTF-16, or no text at all? Save it as text in UTF-8.")
    try:
        return plain_toml.table(content.decode("utf-8-sig"))
    except ValueError as error:
        raise UsageError(f"--config {path} is not TOML: {error!s:.200}. A correct line would be: epochs = 5") from error


def _plain(path: Path, key: str, value: Any, param: click.Parameter) -> Any:
    """A value as an option takes it: a text, a truth value for a switch, a list where several values are meant."""
    several = isinstance(value, list)
    items = value if several else [value]
    if several and not getattr(param.type, "several", False):
        raise UsageError(f"{path} sets {key!r} to a list, and the option takes one value, as in: epochs = 5")
    if any(isinstance(item, list | dict) for item in items):
        raise UsageError(f"{path} sets {key!r} to lists within a list; expected plain values.")
    switch = isinstance(param, click.Option) and param.is_flag
    if not switch and any(isinstance(item, bool) for item in items):
        raise UsageError(f"{path} sets {key!r} to true or false, but the option is no switch: it takes a value.")
    if any(isinstance(item, str) and "\0" in item for item in items):
        raise UsageError(f"{path} sets {key!r} to a text with a zero character in it, which no name can hold.")
    try:
        return value if several or isinstance(value, bool) else str(value)
    except ValueError as error:
        raise UsageError(f"{path} sets {key!r} to a number of too many digits.") from error


def render(command: click.Command, values: dict[str, Any]) -> str:
    """TOML that `read` takes back; options without a value stand as comments."""
    lines = [f"# options of: cnnkit {command.name}"]
    for param in command.params:
        name = param.name
        if not isinstance(param, click.Option) or name is None or name in LEFT_OUT:
            continue
        value = values.get(name)
        lines.append(f"# {name} =" if value is None or value == () else f"{name} = {_literal(value)}")
    return "\n".join(lines) + "\n"


def _spellings(command: click.Command) -> dict[str, str]:
    """Every key that a file may use, with the parameter that it means."""
    names: dict[str, str] = {}
    for param in command.params:
        if isinstance(param, click.Option) and param.name and param.name not in LEFT_OUT:
            flags = [text for text in param.opts if text.startswith("--")]
            names |= {text.lstrip("-").replace("-", "_"): param.name for text in (param.name, *flags)}
    return names


def _hint(key: str, names: dict[str, str], command: click.Command) -> str:
    """The likely option, or all of them, as the help names them."""
    hidden = {param.name for param in command.params if isinstance(param, click.Option) and param.hidden}
    shown = {spelling: name for spelling, name in names.items() if name not in hidden}
    near = get_close_matches(key.replace("-", "_"), shown, 1)
    return f" Did you mean {shown[near[0]]!r}?" if near else f" It has: {', '.join(sorted(set(shown.values())))}."


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
