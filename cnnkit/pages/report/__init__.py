"""The page of a run: what a training did, and what its network knows now.

report.py          the page of a run in its folder, and its pictures as files      live.py   the same while it trains
simple.py          the same in one call, for Python
sections.py        the list of sections, a row each: add yours here
section.py         what a section is, and what it is given
headline.py        the few numbers that matter most      training.py   curves, epochs, notes
classification.py  of a classifier: what is confused, how well each class is known, whether scores mean what they say
segmentation.py    of masks: IoU by class, what pixels are taken for
detection.py       of boxes: precision and recall, average precision by class, what is wrong with them
worst.py           the images that it is most wrong about, of any task
network.py         filters of the first layer, where time goes     samples.py   training images, as they were shown
papers.py          options, data, environment, the command
page.html          what stands above them
"""
