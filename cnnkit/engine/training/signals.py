"""Ctrl-C and SIGTERM while training: the first asks to finish the step and save, the second stops at once."""

import os
import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self, final


@final
class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """A signal asked for an end, at a place where nothing is half done."""


@final
class StopRequest:
    """A context. `received` is the first signal that came in it, or None; `check` heeds it.

    Handlers can be set in the main thread alone; in another thread nothing is set, and signals act as they do there.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._before: dict[signal.Signals, Any] = {}

    @property
    def exit_code(self) -> int:
        """130 for Ctrl-C, 143 for SIGTERM, as shells count."""
        return 128 + (self.received or signal.SIGINT)

    def check(self) -> None:
        """Called wherever a training can end: between two steps, between two batches that are judged.

        Raises:
            Stopped: a signal came.
        """
        if self.received is not None:
            raise Stopped

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for number, handler in self._before.items():
            # None is a handler that was not set from Python; it cannot be put back.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before.clear()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self.received is None:
            self.received = signal.Signals(number)
            return
        self.__exit__(None, None, None)
        os.kill(os.getpid(), number)
