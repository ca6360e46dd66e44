"""`cnnkit data`: group.py has `list` and `fetch`; check, show, stats and split have files of their own."""
