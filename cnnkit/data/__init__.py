"""Data: from files and names to batches.

open.py           a name or a folder -> training, validation and test parts     check.py   what is wrong with a folder
sets/             the formats     transforms/   augmentation     loader.py   batches in a seeded order, one step ahead
preprocessing.py  how a foreign picture becomes an input: the record that a checkpoint keeps     digit.py   for digits
picture.py        any picture file, safely     collate.py   uint8 HWC -> float32 NHWC: only here     fetch.py   a socket
"""
