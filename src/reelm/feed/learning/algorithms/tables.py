"""Integer tables in place of logarithms, decay and scaling: the same numbers on every machine."""

import numpy as np
from numpy.typing import NDArray


def qlog(value: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sixteenths of a binary logarithm of value + 1, linear between powers of two; value must be ≥ 0.

    With y = value + 1 and e = bit_length(y) - 1: 16·e + (((y << 4) >> e) & 15).
    """
    if len(value) and int(value.min()) < 0:
        raise ValueError("qlog is for values of 0 and more")
    above = value.astype(np.int64) + 1
    # frexp is exact up to 2⁵³; beyond it no count of ours goes.
    exponent = np.frexp(above.astype(np.float64))[1].astype(np.int64) - 1
    return 16 * exponent + (((above << 4) >> exponent) & 15)


def decay(length: int, half: float, first: int) -> NDArray[np.int64]:
    """`first` · 2^(-rank / half), rounded half to even, for ranks 0 … length - 1; `half` 0 = no decay."""
    ranks = np.arange(length, dtype=np.float64)
    share = np.ones(length) if half <= 0 else 0.5 ** (ranks / half)
    return np.rint(first * share).astype(np.int64)
