"""A run looked at again: what a page about it tells, without drawing anything.

review.py     review(run): all of it, as events; the last one is Reviewed
story.py      what happened, from events.jsonl: curves, epochs, how it ended     thin.py   a curve of bounded length
papers.py     what its files say: options, manifest, result                      judged.py the test images
filters.py    what the first layer looks for                                     lack.py   what a run cannot tell
network.py    its network, with the weights that were kept
"""
