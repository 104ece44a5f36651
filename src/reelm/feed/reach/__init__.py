"""Reach: what the author of a clip is told of where it was shown, by what, and what keeps it from more.

Counts by source and day move with the events; none is of one viewer, and small ones are not told exactly.
"""
