"""What a network does with one picture, as facts: nothing is drawn here.

station.py        Station: one step of the road, what it costs, and the maps that are shown of it
sum.py            Sum: the arithmetic of one number of a station
attribution.py    Attribution: what in the picture mattered, as an array over it
explanation.py    Explanation: all of it, and what it finds when it is asked
"""
