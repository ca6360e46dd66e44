"""Weights that others published, brought into our networks.

families    how publishers name the parts of each family of networks
class_lists names of the classes that published weights know
published   a row for each family of networks: names in the files, preprocessing, sources and licences
downloads   which files can be fetched, and their checksums
renames     names in a file become ours
layouts     the order of axes in a file becomes ours
folded      a norm that was folded into its convolution is put behind it again
adopt       arrays become the state of one network, checked to the last one
padding     where the network adds its zeros, as far as names tell
exported    the other way: one of our networks as an ONNX file
identify    which network, and which order of axes, a file's arrays are for
"""
