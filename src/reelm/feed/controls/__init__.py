"""What a person tells their feed: wishes, words that stay out, forgetting, pausing, and a feed without profiling.

The pipeline reads it as `Controls`; every change is in the next page of every process. It decides nothing about
ranking itself.
"""
