"""Pages to look at: self-contained HTML files and the pictures in them. They draw; what they draw is found in `engine`.

explain/    what a network sees in a picture

What they are made of, each importing only from those below it:
page/       one base template and one style sheet, filled in and written whole
draw/       what is drawn once is drawn by one function: figures, colour scales, heat maps, pictures as data
texts/      every sentence of a page, one file a language
extra.py    the extra `report`: matplotlib and jinja2, which may not be installed

Callers ask `extra.need()` first and import a page after it.
"""
