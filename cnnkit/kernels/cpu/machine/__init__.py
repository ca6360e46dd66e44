"""What kernels run on.

jit.py      the two decorators of all kernels       rehearsal.py    kernels noted instead of run
code/       their machine code, from compiler to call
cache.py    compiled kernels on disk                cache_file.py   one of them in a file
threads.py  tasks shared among threads              crew/           the threads that help
buffers.py  arrays whose memory is used again
home.py     arrays made, moved and copied
again/      a computation made again by its kernels  steps.py        what is noted for it
lanes.py    the width of a vector
"""
