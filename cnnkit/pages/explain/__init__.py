"""The page of `cnnkit explain`: what a network does with a picture, number by number.

page.py        explain_page(explanation, texts, name=...) -> str: the whole page, within LIMIT bytes
thrift.py      what of a network is in its page, from all to little
asked.py       what a user asked for besides the picture
answer.py      what the network says of the picture: classes with their scores, boxes, a mask
mattered.py    what in the picture mattered: heat maps for several targets and ways
filters.py     the filters of the first layer
road.py        stations in words: title, sentence, shapes, costs
geometry.py    where a number of a station looks at in what it reads, for the script
sheets.py      the maps that are shown of a station, as one picture
exact.py       stations whose numbers are all in the page, so that the script adds them up for any pixel
opening.py     the pixel of each map that is looked at first
known.py       what the network is asked for, by one pass and never twice
sums.py        sums that are in the page as they were found, for some pixels of large networks
packed.py      facts and arrays of a page as one compressed text

page.html, page.css, and the scripts unpack.js, look.js, sum.js, arithmetic.js, station.js, mattered.js.
"""
