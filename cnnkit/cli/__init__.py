"""The command line, and all of click and rich: thin readers of engine generators, with results on stdout.

main.py      the door                       command.py   what every command shares
commands/    one file a command             arguments/   options and their values
show/        results as people see them     endings.py   messages and exit codes
"""
