"""Networks that find things: (N, H, W, C) -> boxes (N, P, 6), each with its class and its score.

detector.py   what every such network takes and gives: the boxes to learn from, the boxes that it finds, its losses
proposals/    where things may be: selective search
rcnn/         R-CNN: crops of proposals, what each teaches, support vector machines, box regression
darknet/      networks from a list of layers, which a `.cfg` text of darknet is one way to write, and its `.weights`
yolo_*.py     YOLO v1 to v3, and two small ones: papers as lists of layers
ssd/          SSD on VGG16, SSDlite on MobileNet v3, and a small one
two_stage/    what networks share that first propose regions and then look at each
fast_rcnn.py  Fast R-CNN, on the regions of a selective search
faster_*.py   Faster R-CNN
parts/        what they are made of: anchors, the coder of boxes, who learns from which box
"""
