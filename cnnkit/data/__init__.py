"""Data: from files and names to batches.

open/        a name, a folder, a file or arrays -> training, validation and test parts
check/       what is in a data set, and what is wrong with it
split/       which sample is in which part: drawn, kept, found again; new folders of pictures
load/        batches in a seeded order, made ahead
sets/        the data sets: len, samples, labels
given/       what Python code hands over
layout/      files and lists: which pictures there are, with which class in which part
transforms/  augmentation
view/        how a picture becomes an input: the record that a checkpoint keeps
picture/     any picture file, safely
fetch/       published data sets from the network
places/      where points lie in a changed image; masks and boxes move along
sample.py    one image and what is known about it
targets.py   what is to be learned of it: masks and boxes
headway.py   how far a long look has come
"""
