"""One file a command; the group `data` has a folder.

train, evaluate, compare, report, explain, predict, lr_find, models, recipes, weights, export, bench, warmup, cache,
doctor, completion, help.
"""
