"""Any picture file, safely.

read.py          the door: decode                          header.py        what the header tells
start.py         looked at before Pillow opens it          limits.py        what decoding takes, and may take
modes.py         any mode as RGB or grey                   orientation.py   which way it stands
end_marks.py     whether the file comes to its end         damage.py        what is wrong with it
jpeg_markers.py, png_chunks.py   the structure of files    pixel_range.py   which number is white in arrays
sheet.py         many small pictures in one                overlay.py       a mask over its picture, a legend
mask.py          masks, as they are                        boxes.py         boxes over their picture
"""
