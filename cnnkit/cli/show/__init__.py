"""Results as people see them.

screen.py     one result on stdout, notes on stderr     terminal.py        what a stream can show
training.py   the events of a training                  answers.py         what a task gives, in plain form
classification.py  a classifier's results           segmentation.py    those of masks
dry_run.py    a forecast                                tables/            what data hold, by class and part
progress.py   the moving bar                            headway.py         the bar of a long look at data
detection.py  those of boxes
characters/   a curve in a line, a picture              manual.py          Markdown in a terminal
machine.py    the machine                           comparison.py      runs beside each other
"""
