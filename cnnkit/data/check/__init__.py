"""What is in a data set and what is wrong with it.

check.py     all of it: every picture is decoded once     quick.py         a second or two before a training
stats.py, figures.py   the set in figures               inventory.py     what is to be looked at
report.py    what was seen, for a screen and JSON         held.py          what masks and boxes have in common
look.py      one look at one picture                      masks/           pictures with masks
findings.py  what may be found, and how grave it is       boxes/           pictures with boxes
copies.py, duplicates.py, oddities.py, placeholders.py    the kinds of findings
"""
