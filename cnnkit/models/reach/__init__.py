"""How far around a place a network looks to answer for it.

walk   one walk through a network's ops      span   the rows that each row of a map depends on
"""

from cnnkit.models.reach.walk import Reach, reach

__all__ = ["Reach", "reach"]
