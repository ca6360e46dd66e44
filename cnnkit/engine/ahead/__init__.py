"""What is looked at ahead of a training.

forecast.py   what it would need and take: the dry run      lr_find.py   which learning rate
preview.py    what it would show                            warmup.py    compile now what would be compiled later
"""
