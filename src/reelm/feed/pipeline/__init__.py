"""The For You pipeline: viewer → sources → eligibility → filters → score → select, in this order.

Each stage is one file, takes and gives rows of the catalog, and says how many it kept. Integer arithmetic only.
"""
