"""How element-by-element work is cut into tasks: by size alone, so the thread count cannot change a bit."""

# Floats of one task: some 5 microseconds of work for each array that passes through the core.
CHUNK = 16384


def chunks(size: int) -> int:
    """Tasks of CHUNK elements that cover `size`."""
    return -(-size // CHUNK)
