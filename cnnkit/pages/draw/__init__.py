"""What is drawn once is drawn by one function, in files and pages alike.

colours.py   one scale for numbers: blue below zero, dark at zero, orange above
filters.py   filters of a first layer as pictures
maps.py      a map of numbers as a picture in that scale; the same over the picture that it is about
figure.py    matplotlib's figures as SVG or PNG, the same bytes each time
data.py      a picture's bytes, and pictures as data: addresses

curves.py        lines over steps or epochs            bars.py      times of layers, beside their roof
confusion.py     what was taken for what               filters.py   what a first layer looks for
reliability.py   whether scores mean what they say
"""
