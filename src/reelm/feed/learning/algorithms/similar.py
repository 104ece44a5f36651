"""Clip-to-clip similarities from who met what: cosine and RP3β, both from counts that can be kept up to date.

Cosine with shrinkage: Sarwar et al., "Item-based collaborative filtering" (WWW 2001); RP3β: Paudel et al.,
"Updatable, accurate, diverse, and scalable recommendations" (TiiS 2017).
"""

import numpy as np
import scipy.sparse as sp


def together(people: sp.csr_array) -> sp.csr_array:
    """Σ over people of value x value, for every pair of clips: the counts both similarities are made of."""
    counts = (people.T @ people).tocsr()
    counts.sort_indices()
    return counts


def cosine(people: sp.csr_array, shrink: float = 20.0) -> sp.csr_array:
    """together(i, j) / (|i| · |j| + shrink), diagonal removed."""
    counts = together(people).astype(np.float64)
    norm = np.sqrt(counts.diagonal())
    owner = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    counts.data /= norm[owner] * norm[counts.indices] + shrink
    return _without_diagonal(counts)


def rp3beta(people: sp.csr_array, alpha: float = 1.0, beta: float = 0.6) -> sp.csr_array:
    """Walk clip → person → clip, each probability to the alpha, divided by popularity to the beta."""
    forward = _by_row(people).power(alpha)
    backward = _by_row(people.T.tocsr()).power(alpha)
    walk = (backward @ forward).tocsr().astype(np.float64)
    popularity = np.bincount(people.indices, minlength=people.shape[1]).astype(np.float64)
    walk.data /= np.maximum(popularity, 1.0)[walk.indices] ** beta
    walk.sort_indices()
    return _without_diagonal(walk)


def _by_row(values: sp.csr_array) -> sp.csr_array:
    total = np.asarray(values.sum(axis=1)).ravel()
    scaled = values.astype(np.float64)
    scaled.data = scaled.data / np.repeat(np.where(total > 0, total, 1.0), np.diff(values.indptr))
    return scaled


def _without_diagonal(values: sp.csr_array) -> sp.csr_array:
    owner = np.repeat(np.arange(values.shape[0]), np.diff(values.indptr))
    values.data[owner == values.indices] = 0.0
    values.eliminate_zeros()
    return values
