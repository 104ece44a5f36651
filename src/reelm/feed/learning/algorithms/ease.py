"""EASE^R: the closed-form linear model that predicts each clip from the others a person met.

Steck, "Embarrassingly shallow autoencoders for sparse data" (WWW 2019). Cubic in the number of clips (15 s of
two cores for 7,600, 35 s for 10,000) and 8 bytes x clips², so it is for the most active ones only.
"""

import numpy as np
import scipy.linalg as la
import scipy.sparse as sp
from numpy.typing import NDArray


def ease(people: sp.csr_array, ridge: float) -> NDArray[np.float32]:
    """Weights B with B[i, j] = what meeting i adds to the score of j; zero diagonal.

    Raises ValueError for a ridge that is not positive, without which there may be no inverse.
    """
    if not ridge > 0:
        raise ValueError("the ridge must be positive")
    gram = (people.T @ people).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += np.float32(ridge)
    return from_gram(gram)


def from_gram(gram: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same, from a positive definite people-free matrix of sums; overwrites it."""
    factor, _ = la.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    inverse, failed = la.lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError("the matrix of sums has no inverse")
    lower = np.tril(inverse)
    del inverse, factor
    precision = lower + lower.T
    diagonal = np.diag(lower).copy()
    precision[np.diag_indices_from(precision)] = diagonal
    weights = np.divide(precision, -diagonal[None, :], out=precision)
    weights[np.diag_indices_from(weights)] = 0.0
    return np.asarray(weights, np.float32)
