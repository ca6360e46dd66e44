"""Pixels that are nodes of a graph: crf.py messages along all its edges."""
