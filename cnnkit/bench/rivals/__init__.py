"""The same work in other libraries, for `bench --against`; none of them is ever a dependency.

known.py          which there are, and how they are started        torch_layers.py   single layers in torch
onnx_sessions.py  an ONNX file in ONNX Runtime and in OpenVINO     onnx_layers.py    a single layer as such a file
torch_script.py   a prediction in torch, as a whole process

Each takes the operands of ours and, last, the number of threads, and gives functions to time: one for each way in which
the library can do it (a memory layout, a frozen graph), of which the fastest counts.
"""
