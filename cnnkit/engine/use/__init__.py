"""A network that is trained, and what is done with it.

load.py           from a run or a weight file to a Predictor     predictor.py     predict, predict_many, features
inside.py         what a network computes on its way             reading.py       data as a network reads them
judge.py          one pass over a part of the data               unseen.py        which images may judge a network
large.py          outputs for images that may be large           tiles.py         a large image in overlapping pieces
written.py        files that show answers                    shipped.py       weights in the package
same_classes.py   classes matched by name                        class_names.py   names of classes from a file
weights.py        published weights made ours                    fetch.py         published weights downloaded
choices.py        what their files do not say
"""
