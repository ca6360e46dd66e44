"""Types of option values: each refusal shows the value, where it came from, what was wanted and a correct example."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from cnnkit.config import is_backend
from cnnkit.data.layout.masks.ignore import LARGEST, Ignore
from cnnkit.errors import UsageError
from cnnkit.tasks.registry import DEFAULT, names


class Value(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions of click only
    """Abstract: a value with an example to show where it is refused.   several: in a file, a list may stand for it."""

    several = False

    def __init__(self, example: str) -> None:
        self.example = example

    def refuse(self, value: object, wanted: str, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
        self.fail(f"{value!r}{_origin(param, ctx)} is not {wanted}. Correct would be {self.example}.", param, ctx)


class Whole(Value):
    """A whole number within bounds."""

    name = "n"

    def __init__(self, minimum: int, maximum: int | None = None, *, example: str) -> None:
        super().__init__(example)
        self.minimum, self.maximum = minimum, maximum

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        upper = f" to {self.maximum}" if self.maximum is not None else " or more"
        wanted = f"a whole number, {self.minimum}{upper}"
        try:
            number = int(str(value))
        except ValueError:
            self.refuse(value, wanted, param, ctx)
        if number < self.minimum or (self.maximum is not None and number > self.maximum):
            self.refuse(value, wanted, param, ctx)
        return number


class Real(Value):
    """A finite number within bounds; `above` excludes the lower bound, `below` the upper one."""

    name = "number"

    def __init__(
        self,
        *,
        above: float | None = None,
        least: float | None = None,
        below: float | None = None,
        most: float | None = None,
        example: str,
    ) -> None:
        super().__init__(example)
        tests = [(above, "above"), (least, "at least"), (below, "below"), (most, "at most")]
        self.wanted = "a number " + " and ".join(f"{word} {bound:g}" for bound, word in tests if bound is not None)
        self.above, self.least, self.below, self.most = above, least, below, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = float(str(value))
        except ValueError:
            self.refuse(value, self.wanted, param, ctx)
        fits = (
            math.isfinite(number)
            and (self.above is None or number > self.above)
            and (self.least is None or number >= self.least)
            and (self.below is None or number < self.below)
            and (self.most is None or number <= self.most)
        )
        if not fits:
            self.refuse(value, self.wanted, param, ctx)
        return number


class Share(Real):
    """A number from 0 to 1, where people also think in per cent."""

    name = "share"

    def __init__(self, *, example: str) -> None:
        super().__init__(least=0, most=1, example=example)

    def refuse(self, value: object, wanted: str, param: click.Parameter | None, ctx: click.Context | None) -> NoReturn:
        try:
            percent = float(str(value).strip().removesuffix("%"))
        except ValueError:
            percent = math.nan
        if 0 <= percent <= 100:
            wanted = f"{wanted}: {percent:g} per cent is {percent / 100:g}"
        super().refuse(value, wanted, param, ctx)


class Numbers(Value):
    """Finite numbers with commas between, or [0.5, 0.5] in a file."""

    several = True
    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        words = value if isinstance(value, list | tuple) else str(value).split(",")
        try:
            numbers = tuple(float(word) for word in words)
        except (TypeError, ValueError):
            numbers = ()
        if not numbers or not all(map(math.isfinite, numbers)):
            self.refuse(value, "one or several numbers, separated by commas", param, ctx)
        return numbers


class Thresholds(Value):
    """NAME=VALUE, several with commas between, or a list of such texts in a file."""

    several = True
    name = "name=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[tuple[str, float], ...]:
        if isinstance(value, tuple):
            return value
        found = []
        for word in value if isinstance(value, list) else str(value).split(","):
            name, _, text = str(word).partition("=")
            try:
                number = float(text)
            except ValueError:
                number = math.nan
            if not name.strip() or not math.isfinite(number):
                self.refuse(value, "a metric and the number that it must reach", param, ctx)
            found.append((name.strip(), number))
        return tuple(found)


class Size(Value):
    """A height and a width: 32, 32x48, or [32, 48] in a file."""

    several = True
    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        sides = value if isinstance(value, list | tuple) else str(value).lower().split("x")
        words = [str(side).strip() for side in sides]
        if not 1 <= len(words) <= 2 or any(not word.isdecimal() or not 1 <= int(word) <= 65535 for word in words):
            self.refuse(value, "a size in pixels, such as 32 or 32x48 (height x width)", param, ctx)
        return int(words[0]), int(words[-1])


class MaskValues(Value):
    """Values of masks with commas between, or a list of them in a file; "none" for no value."""

    several = True
    name = "values"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        try:
            Ignore.of(text)
        except UsageError:
            self.refuse(value, f"a value from 0 to {LARGEST}, several with commas between, or none", param, ctx)
        return text


class Duration(Value):
    """A time span in seconds: 90, 90s, 30m, 2h or 1h30m."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip().lower()
        parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?", text)
        hours, minutes, seconds = (float(part or 0) for part in (parts.groups() if parts else (None, None, None)))
        total = 3600 * hours + 60 * minutes + seconds
        if not 1 <= total <= 1e7:
            self.refuse(value, "a time from a second to some months, such as 90s, 30m or 1h30m", param, ctx)
        return total


class Name(Value):
    """One of a few names."""

    name = "name"

    def __init__(self, names: Sequence[str], *, example: str) -> None:
        super().__init__(example)
        self.names = tuple(names)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "|".join(self.names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        word = str(value)
        if word not in self.names:
            near = get_close_matches(word, self.names, 1)
            hint = f" (did you mean {near[0]}?)" if near else ""
            self.refuse(word, f"one of {', '.join(self.names)}{hint}", param, ctx)
        return word

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in self.names if name.startswith(incomplete)]


class Task(Name):
    """One of the tasks that are known when the option is read: a module of one's own may add some."""

    name = "task"

    def __init__(self) -> None:
        super().__init__(names(), example=f"--task {DEFAULT}")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        self.names = tuple(names())
        return super().convert(value, param, ctx)


class Backend(Name):
    """One of the backends; "cuda:1" is the second CUDA device."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return str(value) if is_backend(str(value)) else super().convert(value, param, ctx)


class Names(Name):
    """Several of a few names, with commas between; none means all are accepted."""

    several = True
    name = "names"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return ",".join(self.names)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        words = value if isinstance(value, list | tuple) else str(value).split(",")
        return tuple(super(Names, self).convert(str(word).strip(), param, ctx) for word in words if str(word).strip())


def _origin(param: click.Parameter | None, ctx: click.Context | None) -> str:
    """Where a value came from, if not from the command line."""
    if param is None or ctx is None or param.name is None:
        return ""
    source = ctx.get_parameter_source(param.name)
    if source is ParameterSource.ENVIRONMENT:
        return f" (from {param.envvar})"
    if source is ParameterSource.DEFAULT_MAP:
        return f" (from {ctx.meta.get('cnnkit.config')})"
    return ""
