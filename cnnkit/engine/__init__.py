"""Training, evaluation and prediction, as generators of events. Import from the files.

The verbs:
fit.py        fit(options, *, module=None, data=None), resume(run, changes)   end with Finished or Interrupted
evaluate.py   evaluate(predictor, data=None, *, split="test")                 ends with EvaluateFinished
ahead/        what is looked at ahead of a training: which learning rate, the dry run, what it would show
simple.py     fit(data or module, ...) -> FitResult, evaluate(run, data)      what `cnnkit.fit` is: all in one call
notebook.py   their events as lines of text, for Python

comparison/ runs side by side, and whether the better one is better than chance
review/     a run looked at again: what a page about it tells

What they are made of, each folder importing only from those below it:
session/    one process's share of a training: what it is made of, what precedes the first step, the loop
time/       how long: the pace, a budget of time, a deadline
finetune/   starting from weights: what they decide, features of a frozen trunk, a new head
training/   one step, its rate, the course of a run, what is kept of it
use/        a network that is trained: load it, predict, judge; published weights
explain/    what a network does with one picture: its stations, their arithmetic, what mattered
run/        a run on disk: its folder, states, log, manifest
records/    the words: options, events, results, recipes
"""
