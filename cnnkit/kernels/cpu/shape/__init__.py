"""Arrays of another shape: move.py copies elements to other places, resize.py makes images larger or smaller."""
