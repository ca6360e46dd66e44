"""Files of arrays that others wrote: read as data, checked before memory is taken, and nothing in them is ever run.

read                the arrays of a weight file of any kind, known by its content
npz                 numpy's archives
plain_safetensors   .safetensors without a record of ours
pickle_reader       torch's two layouts, by `pickle_machine` (a pickle as data) and `torch_tensors` (its tensors)
archive             zip files, whose directory is checked first
half                bfloat16
refused             one kind of error, one form of sentence
"""
