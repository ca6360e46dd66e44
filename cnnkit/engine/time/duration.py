"""A time in the few characters that screens and pages have for it."""


def duration(seconds: float | None) -> str:
    """1:05:09, 3:07 or 12 s."""
    whole = max(0, round(seconds or 0))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{whole} s"
