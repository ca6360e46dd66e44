"""Which pictures have which mask, before one of them is opened.

find.py         the door: the layout of what is there     pairs.py        pictures with their masks, by part
folders.py      images/ and masks/, X and Xannot          match.py        a picture's mask, by its name
lists.py        VOC's ImageSets, lists of pairs           names.py        what folders and files are called
coco_folder.py  where COCO's files are                    coco_json.py    what such a file holds, bounded
coco.py         the outlines in it
outlines.py     things that masks are drawn of            class_table.py  a list of classes beside masks
published.py    data sets whose classes are known         ignore.py       values that a user leaves out
"""
