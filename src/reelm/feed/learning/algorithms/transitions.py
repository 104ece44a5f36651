"""What comes after what: order-aware weights from one clip to those that people liked soon after it."""

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray


def transitions(
    person: NDArray[np.int64],
    item: NDArray[np.int64],
    value: NDArray[np.float64],
    lag_weights: NDArray[np.float64],
    count: int,
    *,
    shrink: float = 20.0,
    beta: float = 0.5,
) -> sp.csr_array:
    """Weights T[i, j]: j followed i by `lag` places with value, summed over lags, made comparable.

    The events must be sorted by person, then oldest first. `lag_weights[lag - 1]` is a lag's weight; `value` is
    that of the later event (0 = met, but not liked). Divided by (from(i) + shrink) · to(j)^beta, where from and to
    are the row's and the column's own sums, so a clip that follows everything is nobody's sequel.
    """
    total = sp.csr_array((count, count), dtype=np.float64)
    for lag, weight in enumerate(lag_weights, start=1):
        if weight == 0 or len(item) <= lag:
            continue
        same = (person[lag:] == person[:-lag]) & (value[lag:] > 0) & (item[lag:] != item[:-lag])
        pairs = (item[:-lag][same], item[lag:][same])
        total = total + sp.coo_array((value[lag:][same] * weight, pairs), shape=(count, count)).tocsr()
    if not total.nnz:
        return total
    total.sum_duplicates()
    leaving = np.asarray(total.sum(axis=1)).ravel()
    arriving = np.asarray(total.sum(axis=0)).ravel()
    owner = np.repeat(np.arange(count), np.diff(total.indptr))
    total.data /= (leaving[owner] + shrink) * arriving[total.indices] ** beta
    return total
