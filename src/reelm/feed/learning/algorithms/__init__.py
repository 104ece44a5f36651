"""Algorithms of learning: pure functions from arrays to integer rows and integer trees.

The product and `bench/feed` run this very code. Owns how a clip-to-clip weight is computed and rounded,
and how a booster becomes integer trees. May import: numpy, scipy and, inside `trees` and `boosting`
alone, lightgbm; those three only in short-lived training children. Must never: read or write anything,
ask for the time or for chance; every seed is an argument.
"""
