"""The data sets: `len`, samples by number, labels, classes.

base.py          what each offers                      arrays.py        images in arrays
cifar.py         CIFAR's binary files                  npz.py           .npz files
idx.py           MNIST's files                         idx_files.py     where they are
image_folder.py  pictures in files                     picture_cache.py what is kept of them in memory
digits.py        the embedded digits                   synthetic.py     images made in memory
masks/           targets that are masks                boxes/           targets that are boxes
shapes.py        shapes to segment or to find, made in memory
subset.py        a part of a data set                  relabelled.py    classes in another order
"""
