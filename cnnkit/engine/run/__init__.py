"""A run on disk.

folder.py       where everything of one training is              find.py         which run is meant
missing.py      what to say where there is none                  elsewhere.py    its data, sought from another folder
state.py        all that decides how a training goes on          checkpoint.py   states as files: the truth of a run
about.py        what a state says of network and data            log.py          events.jsonl and results.csv
event_file.py   the same for TensorBoard
manifest.py     what a result may depend on                      resume_call.py  how one goes on with it
overfit.py      a run that learns a few images by heart          create.py       a new run folder
"""
