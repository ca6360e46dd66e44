"""The page of several runs: side by side, and whether one of them is better than chance alone would make it.

compare.py    the page as a file      sections.py   what it shows
"""
