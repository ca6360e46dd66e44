"""Files and lists: which pictures there are, before one of them is opened.

listing.py         by part and class, from folders or a list    list_csv.py       a CSV file of path,label[,split]
folders.py         where the parts and classes are              sense.py          whether such folders make sense
pictures_below.py  all pictures below a folder                  walk.py           files below folders, in order
existence.py       which files are there                        table.py          rows of a CSV file, bounded
part_names.py      train, val, test and their other names       suffixes.py       endings of picture files
name_list.py       names of classes in a file                   label_numbers.py  labels that count from 0 or 1
masks/             pictures with their masks             boxes/             pictures with boxes around things
look_alikes.py     names that look the same
"""
