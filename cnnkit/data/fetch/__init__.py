"""Published data sets from the network: the only sockets of the package.

fetch.py   a data set     download.py   one file, held against its checksum     sources.py   addresses
"""
