"""Text from outside, as a screen, a page or a drawing may show it: names of files and classes come from anywhere."""

# Control characters, and those that turn the direction of writing: a name with U+202E would turn what stands behind it.
_MOVING = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SPELT_OUT_LINES_TOO = {code: chr(code).encode("unicode_escape").decode() for code in _MOVING}
_SPELT_OUT = {code: text for code, text in _SPELT_OUT_LINES_TOO.items() if chr(code) not in "\n\t"}


def harmless(text: str, *, lines: bool = True) -> str:
    """Text that moves no cursor and turns no reading direction: what would is spelt out, as in \\x1b.

    lines: line ends and tabs may stay.
    """
    return text.translate(_SPELT_OUT if lines else _SPELT_OUT_LINES_TOO)
