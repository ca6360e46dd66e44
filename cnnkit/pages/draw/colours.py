"""One scale for numbers: blue below zero, dark at zero, orange above.

It is read alike on light and on dark pages, and by those who do not tell red from green.
"""

import numpy as np
import numpy.typing as npt

# From the lowest to the highest; what is zero is nearly black.
_STOPS = ("#dff6ff", "#6cc4ee", "#2a7fc9", "#1b3f7a", "#0c0f1a", "#7a3216", "#d06a1c", "#f8ad3c", "#fff4cf")
STEPS = 255  # odd, so that one step is zero


def palette() -> npt.NDArray[np.uint8]:
    """(STEPS, 3): red, green and blue of each step from -1 to 1; the middle one is zero's."""
    stops = np.array([[int(stop[k : k + 2], 16) for k in (1, 3, 5)] for stop in _STOPS], float)
    at = np.linspace(0, len(stops) - 1, STEPS)
    channels = [np.interp(at, np.arange(len(stops)), stops[:, k]) for k in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def steps(values: npt.ArrayLike, bound: float) -> npt.NDArray[np.uint8]:
    """The step of the palette of each value: `bound` (above 0) is the last one, its negative the first.

    What is no number is taken for zero.
    """
    share = np.nan_to_num(np.asarray(values, float) / bound, posinf=1, neginf=-1)
    return np.asarray((np.clip(share, -1, 1) * (STEPS // 2)).round() + STEPS // 2, np.uint8)


def bound_of(values: npt.ArrayLike) -> float:
    """The largest magnitude among the finite values, which the ends of a scale stand for; 1 where all are zero."""
    magnitude = np.abs(np.asarray(values, float))
    largest = magnitude.max(initial=0.0, where=np.isfinite(magnitude))
    return float(largest) if largest > 0 else 1.0


def css(name: str = "to right") -> str:
    """The scale as a CSS gradient, for a legend."""
    return f"linear-gradient({name}, {', '.join(_STOPS)})"


def class_colours(count: int) -> list[str]:
    """Colours to tell `count` classes or lines apart, as #rrggbb: hues a golden angle apart, alike in lightness."""
    import colorsys

    found = []
    for k in range(count):
        hue = (0.58 + k * 0.6180339887) % 1
        red, green, blue = colorsys.hls_to_rgb(hue, 0.5 if k % 2 == 0 else 0.42, 0.62)
        found.append(f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}")
    return found
