"""Records that everything in the engine speaks in. They import neither numpy nor numba.

values.py    types and ranges of options
options.py   every choice of a training     recipes.py    sets of options with a measured accuracy
events.py    what is told on the way        results.py    what is returned at the end
lr_range.py  what a range test tells
"""
