"""The options of commands, and what their values may be.

common.py       options of every command           training.py   options of a training
values.py       types of values                    config_file.py   options in a TOML file
completion.py   what the shell is offered          reading.py    how pictures of data are read
page.py         options of commands that write a page
"""
