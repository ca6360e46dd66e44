"""Where things may be in a picture, before anybody knows what they are.

search.py       selective search: boxes around regions, from many ways of merging them
strategies.py   which ways
regions.py      a picture's segments: what is known of each, and which are neighbours
colour.py       colour spaces, in some of which a shadow or a highlight parts no regions
filters.py      Gaussian smoothing; textures
"""

from cnnkit.models.detection.proposals.search import selective_search
from cnnkit.models.detection.proposals.strategies import FAST, IMAGES, QUALITY, Strategies

__all__ = ["FAST", "IMAGES", "QUALITY", "Strategies", "selective_search"]
