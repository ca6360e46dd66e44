"""What a network does with one picture, as facts: nothing is drawn here.

explain.py       explain(subject, ...) -> Explanation, by one pass
explanation.py   Explanation: all of it, and what it finds when it is asked
ask.py           Ask: what is asked for by one more pass, for all questions together
gradients.py     Grad-CAM and input gradient          occlusion.py     what is missed where it is covered
target.py        which number of an answer is meant   road.py          stations out of steps
arithmetic/      how one number came about            kinds.py         what a step is
walk.py          one pass, told step by step          subject.py       a network with one image for it
picture.py       a picture as it is explained
station.py       Station: one step of the road, what it costs, and the maps that are shown of it
sum.py           Sum: the arithmetic of one number    attribution.py   Attribution: what mattered, as an array
"""
