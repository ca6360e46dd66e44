"""Options in a TOML file: `epochs = 5` for the command that reads it, `[train]` for one command alone."""

from __future__ import annotations

import json
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from cnnkit.errors import UsageError
from cnnkit.serialize.files import read_whole

LARGEST = 2**20
# What a file cannot say: where the file is, and what only one call can mean.
LEFT_OUT = ("config", "print_config", "help", "debug")


def read(path: Path, command: click.Command) -> dict[str, Any]:
    """The options for `command` in a file, by parameter name; a key that the command does not know is refused."""
    try:
        table = tomllib.loads(read_whole(path, LARGEST).decode("utf-8"))
    except OSError as error:
        raise UsageError(f"--config {path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--config {path} is not TOML: {error}. A correct line would be: epochs = 5") from error
    own = table.get(command.name or "")
    flat = {key: value for key, value in table.items() if not isinstance(value, dict)}
    if isinstance(own, dict):
        flat |= own
    names = _spellings(command)
    chosen = {}
    for key, value in flat.items():
        name = names.get(key.replace("-", "_"))
        if name is None:
            raise UsageError(f"{path} sets {key!r}, which {command.name} does not have.{_hint(key, names, command)}")
        chosen[name] = value if isinstance(value, bool | list) else str(value)
    return chosen


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
