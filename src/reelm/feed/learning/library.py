"""Whether this machine can train: LightGBM needs one system library that no Python package brings."""

import ctypes.util


def can_train() -> bool:
    """Look for the library, without loading anything that needs it."""
    return ctypes.util.find_library("gomp") is not None
