"""Networks of darknet, the YOLO authors' framework: a list of layers in a `.cfg` text, numbers in a `.weights` file.

sections   the layers, a record for each kind
cfg        the text becomes records: what is known is listed, everything else is refused with its line
plan       every map's shape, and what each layer reads, before any memory is taken
layers     those layers that no other network has
head       boxes and scores from the numbers of a [yolo] or a [region]
lessons    what these numbers should be, for the true boxes of a batch
loss       how far they are from that: YOLO v3's
region     how far they are from that: YOLO v2's
grid       YOLO v1's [detection]: boxes and scores, and its loss
network    a list of records as a Detector
build      the same for the networks of ours, by their name, classes and image size
given      the same for a `.cfg` text, known to the registry by a name
weights    the numbers of a `.weights` file as a state
"""
