"""How long a training takes.

pace.py       measured by doing a little of it and putting everything back
budget.py     the steps that fit into a given time
deadline.py   a time that is too short is refused early
duration.py   a time in few characters
"""
