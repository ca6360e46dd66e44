"""`cnnkit data`: group.py has `list` and `fetch`; check, show, stats, split and convert have files of their own."""
