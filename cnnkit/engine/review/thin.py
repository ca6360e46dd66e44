"""A curve of bounded length, however many numbers it is told: means of neighbours, as many in each."""

from typing import final

# Points that a curve has at most; a page is narrower than that.
MOST = 1024


@final
class Thin:
    """Means of `width` values that follow each other; the width doubles whenever there would be more than MOST.

    So a curve of n values costs O(1) each, and is the same whether it is told at once or as it happens.
    """

    def __init__(self) -> None:
        self.width = 1
        self._points: list[tuple[float, float]] = []
        self._x = self._y = 0.0
        self._count = 0

    def add(self, x: float, y: float) -> None:
        """One more value y, at the place x."""
        self._x, self._y, self._count = self._x + x, self._y + y, self._count + 1
        if self._count < self.width:
            return
        self._points.append((self._x / self.width, self._y / self.width))
        self._x, self._y, self._count = 0.0, 0.0, 0
        if len(self._points) == MOST:
            pairs = zip(self._points[::2], self._points[1::2], strict=True)
            self._points = [((a + c) / 2, (b + d) / 2) for (a, b), (c, d) in pairs]
            self.width *= 2

    def points(self) -> list[tuple[float, float]]:
        """(x, y) of each mean, the last one of what has come since the one before it."""
        rest = [(self._x / self._count, self._y / self._count)] if self._count else []
        return [*self._points, *rest]
