"""Which boxes are in which picture, before one of them is opened.

find.py        the door: the layout of what is there      pictures.py    pictures with their boxes, by part
gathering.py   from what files say to arrays              sidecars.py    pictures beside a file each, by their names
voc.py         an XML file of VOC's form                  voc_folder.py  folders of them, divided by lists
yolo.py        a text file of YOLO's form                 yolo_folder.py folders of them
data_yaml.py   what data.yaml says of such folders        coco.py        JSON files of COCO's form
box_csv.py     a CSV file with a row for each box         written.py     the same files, written
"""
