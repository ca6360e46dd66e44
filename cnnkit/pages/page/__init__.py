"""One base template and one style sheet for all pages, filled in and written whole.

render.py   render(template, texts, **facts) -> str; what templates may use
write.py    a page beside and renamed; shown in a browser
base.html   head, title, the place for a page's own style and scripts
sections.html   a page of sections, each of blocks
blocks.py   what sections are made of, without HTML: sentences, tables, figures, pictures
blocks.html, blocks.css, sort.js   how each of them looks, and tables that a click sorts
style.css   light and dark, from 380 to 1400 pixels wide

A page's template is in its own folder and begins with {% extends "page/base.html" %}, or "page/sections.html".
"""
