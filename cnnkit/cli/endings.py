"""How a command ends: which message and which exit code each kind of exception becomes.

0 done    1 error    2 usage    3 bad data    4 a threshold was missed    5 not enough memory or disk
6 the loss is no longer finite    130 interrupted    141 the reader of stdout went away    143 terminated
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress

import click

from cnnkit.cli.show.terminal import wrapped
from cnnkit.config import address_space_limit
from cnnkit.errors import CnnkitError, ResourceError
from cnnkit.serialize.files import NO_ROOM
from cnnkit.serialize.harmless import harmless

INTERRUPTED, READER_LEFT, TERMINATED = 130, 141, 143


class Terminated(BaseException):
    """SIGTERM came. Not an Exception, so that nothing on the way mistakes it for a fault."""


def exit_code(error: BaseException, *, debug: bool) -> int:
    """Tell the user on stderr what ended the command, and return the code for the shell."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        _leave_quietly()
        return READER_LEFT
    if debug and not isinstance(error, click.ClickException):
        traceback.print_exception(error)
    message, code = _account(error, debug=debug)
    with suppress(BrokenPipeError):
        sys.stderr.write(wrapped(harmless(message), sys.stderr) + "\n")
    return code


def _account(error: BaseException, *, debug: bool) -> tuple[str, int]:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return error.format_message(), error.exit_code
    if isinstance(error, click.UsageError):
        where = f"{error.ctx.command_path} -h" if error.ctx else "cnnkit -h"
        example = getattr(error.ctx.command, "example", "") if error.ctx else ""
        shown = f" Example: {example}" if isinstance(error, click.MissingParameter) and example else ""
        return f"Error: {error.format_message()}{shown}\nSee {where} for help.", error.exit_code
    if isinstance(error, click.ClickException):
        return f"Error: {error.format_message()}", error.exit_code
    if isinstance(error, CnnkitError):
        return f"Error: {error}", error.exit_code
    if isinstance(error, KeyboardInterrupt | click.Abort) or _interrupted_import(error):
        return "Interrupted.", INTERRUPTED
    if isinstance(error, Terminated):
        return "Terminated.", TERMINATED
    if isinstance(error, SystemExit):
        return "", error.code if isinstance(error.code, int) else 1
    if _lacks_memory(error):
        return f"Error: not enough memory. {_how_to_get_memory()}", ResourceError.exit_code
    if isinstance(error, OSError) and error.strerror:
        code = ResourceError.exit_code if error.errno in NO_ROOM else 1
        # A file that is written is named by its error; stdout has no name.
        nameless = "The output cannot be written: " if error.errno in NO_ROOM else ""
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else nameless
        return f"Error: {place}{error.strerror}.", code
    hint = "" if debug else " This is a bug in cnnkit; run again with --debug to see where."
    return f"Error: {type(error).__name__}: {error}.{hint}", 1


def _interrupted_import(error: BaseException) -> bool:
    """Whether Ctrl-C came while a library was loaded: some call it an ImportError of their own."""
    cause: BaseException | None = error if isinstance(error, ImportError) else None
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


# How libraries that cannot be mapped, and threads that cannot be started, say it.
_NO_MEMORY = (
    "failed to map segment",
    "cannot allocate memory",
    "can't start new thread",
    "cannot enable executable stack",
)


def _lacks_memory(error: BaseException | None) -> bool:
    """Whether the error, or one that led to it, is a lack of memory; imports hide it behind errors of their own."""
    while error is not None:
        told = isinstance(error, OSError | ImportError | RuntimeError) and not isinstance(error, CnnkitError)
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
            return True
        if told and any(text in str(error).lower() for text in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def _how_to_get_memory() -> str:
    limit = address_space_limit()
    if limit is None:
        return "Close other programs, or use smaller batches or images."
    return (
        f"The address space of this process is limited to {limit / 1e6:,.0f} MB (ulimit -v), and cnnkit takes about "
        "1,000 MB to start and to compile. Raise the limit, or remove it: ulimit -v unlimited"
    )


def _leave_quietly() -> None:
    """Point stdout at nothing, so that the interpreter's own flush at exit cannot fail again."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
