"""Training, evaluation and prediction, as generators of events. Import from the files.

fit.py       fit(options, *, module=None, data=None), resume(run, changes)   end with Finished or Interrupted
load.py      load(source=None, *, module=None) -> Predictor                  a run, a weight file, or what is newest
evaluate.py  evaluate(predictor, data=None, *, split="test")                 ends with EvaluateFinished
predict.py   Predictor.predict(picture, top=5), predict_many, predict_proba, features(pictures, layer)
simple.py    fit(data or module, ...) -> FitResult, evaluate(run, data)      what `cnnkit.fit` is: all in one call
"""
