"""Content rows: the neighbours of a clip by what it says, which is how one is found that nobody has watched.

A clip is described by its tags, sound, creator, the words of its caption and its language: tokens, each weighed by
its kind and by how rare it is. Of everything that has a token only the newest are looked at (`rule.HOLDERS`), so that
a word that half of all clips have costs no more than another.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from reelm.feed.learning.matrices import Rows
from reelm.feed.learning.rule import CONTENT_NEIGHBOURS, HOLDERS
from reelm.feed.learning.training.pairs import Numbers
from reelm.feed.learning.training.weigh import rounded, top

_BLOCK = 2_048
# Their tokens' weights among each other; a clip's description has length 1 whichever of them it has.
KINDS = ("tag", "sound", "author", "word", "language")
_KIND_WEIGHTS = np.array([1.0, 0.9, 0.7, 0.8, 0.3])
_KIND_BITS = 3


@dataclass(frozen=True)
class Tokens:
    """Which clip has which token; sorted by row, then token. A token's lowest bits say its kind."""

    row: Numbers
    token: Numbers

    @classmethod
    def none(cls) -> "Tokens":
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))

    @classmethod
    def of(cls, row: Numbers, kind: Numbers, key: Numbers) -> "Tokens":
        """From things' keys; a key of 0 is nothing."""
        held = key != 0
        token = (key[held] << _KIND_BITS) | kind[held]
        lines = np.unique(np.stack([row[held], token], axis=1), axis=0)
        return cls(lines[:, 0], lines[:, 1]) if len(lines) else cls.none()

    def replaced(self, rows: npt.NDArray[np.bool_], new: "Tokens") -> "Tokens":
        """With other tokens for the clips marked in `rows`."""
        kept = ~rows[self.row]
        row, token = np.concatenate([self.row[kept], new.row]), np.concatenate([self.token[kept], new.token])
        order = np.lexsort((token, row))
        return Tokens(row[order], token[order])

    def of_rows(self, rows: npt.NDArray[np.bool_]) -> "Tokens":
        kept = rows[self.row]
        return Tokens(self.row[kept], self.token[kept])


def described(tokens: Tokens, size: int) -> sp.csr_array:
    """Clips by tokens, every described clip of length 1."""
    known, column, holders = np.unique(tokens.token, return_inverse=True, return_counts=True)
    rarity = np.log1p(size / np.maximum(holders, 1))
    value = (rarity * _KIND_WEIGHTS[known & (2**_KIND_BITS - 1)])[column]
    length = np.sqrt(np.bincount(tokens.row, weights=value**2, minlength=size))
    value /= np.where(length > 0, length, 1.0)[tokens.row]
    return sp.csr_array((value, (tokens.row, column)), shape=(size, max(len(known), 1)))


def content_rows(tokens: Tokens, size: int) -> Rows:
    """The neighbours of all clips."""
    if not len(tokens.row):
        return Rows.empty(size)
    whole = described(tokens, size)
    held = _newest_holders(whole)
    blocks = [np.arange(start, min(start + _BLOCK, size)) for start in range(0, size, _BLOCK)]
    return _stacked([_nearest(whole, held, rows) for rows in blocks])


def with_new_clips(rows: Rows, tokens: Tokens, size: int, new: Numbers) -> Rows:
    """Add clips to rows made before: their own rows, and themselves among the neighbours of those they are near to.

    `tokens` are those of all clips, with the new ones. The rows of clips that no new one is near to stay as they are.
    """
    whole = described(tokens, size)
    is_new = np.zeros(size, np.bool_)
    is_new[new] = True
    own = _nearest(whole, _newest_holders(whole), new)
    near_row, near_neighbour, near_weight = _near_new(whole, new)
    touched = is_new.copy()
    touched[near_row] = True
    lengths = np.zeros(size, np.int64)
    lengths[: len(rows.indptr) - 1] = np.diff(rows.indptr)
    old_row = np.repeat(np.arange(size), lengths)
    again = touched[old_row] & ~is_new[old_row] & ~is_new[rows.neighbour]
    parts = [
        (near_row, near_neighbour, near_weight),
        (old_row[again], rows.neighbour[again].astype(np.int64), rows.weight[again]),
        (np.repeat(new, np.diff(own.indptr)), own.neighbour.astype(np.int64), own.weight),
    ]
    row, neighbour, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    _, first = np.unique(row << 32 | neighbour, return_index=True)
    changed = top(row[first], neighbour[first], weight[first], size, CONTENT_NEIGHBOURS)
    return _patched(rows, lengths, touched, changed)


def _patched(rows: Rows, lengths: Numbers, touched: npt.NDArray[np.bool_], changed: Rows) -> Rows:
    """The rows with those that were touched replaced."""
    new_lengths = np.where(touched, np.diff(changed.indptr), lengths)
    indptr = np.concatenate([[0], np.cumsum(new_lengths)]).astype(np.int64)
    neighbour, weight = np.zeros(indptr[-1], np.uint32), np.zeros(indptr[-1], np.int16)
    of_touched = np.repeat(touched, new_lengths)
    kept = ~np.repeat(touched, lengths)
    neighbour[of_touched], weight[of_touched] = changed.neighbour, changed.weight
    neighbour[~of_touched], weight[~of_touched] = rows.neighbour[kept], rows.weight[kept]
    return Rows(indptr, neighbour, weight)


def _newest_holders(whole: sp.csr_array) -> sp.csr_array:
    """Tokens by clips, of each token only its newest clips."""
    held = whole.tocsc()  # each column's clips are in ascending order: the newest last
    held.sort_indices()
    ends = np.repeat(held.indptr[1:], np.diff(held.indptr))
    kept = ends - np.arange(held.nnz) <= HOLDERS
    starts = np.concatenate([[0], np.cumsum(kept)])[held.indptr]
    return sp.csr_array((held.data[kept], held.indices[kept], starts), shape=(whole.shape[1], whole.shape[0]))


def _nearest(whole: sp.csr_array, held: sp.csr_array, rows: Numbers) -> Rows:
    """The rows of some clips, numbered as in `rows`."""
    found = sp.coo_array(whole[rows] @ held)
    neighbour, weight = found.col.astype(np.int64), rounded(found.data)
    kept = rows[found.row] != neighbour
    return top(found.row[kept].astype(np.int64), neighbour[kept], weight[kept], len(rows), CONTENT_NEIGHBOURS)


def _stacked(blocks: list[Rows]) -> Rows:
    lengths = np.concatenate([np.diff(block.indptr) for block in blocks])
    return Rows(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate([block.neighbour for block in blocks]),
        np.concatenate([block.weight for block in blocks]),
    )


def _near_new(whole: sp.csr_array, new: Numbers) -> tuple[Numbers, Numbers, npt.NDArray[np.int16]]:
    """Who is near to the new clips: the same products, seen from the other side, but of rare tokens only."""
    holders = np.bincount(whole.indices, minlength=whole.shape[1])
    described_new = whole[new]
    described_new.data = np.where(holders[described_new.indices] <= _MOST_HOLDERS, described_new.data, 0.0)
    described_new.eliminate_zeros()
    products = sp.coo_array(described_new @ whole.T)
    row, neighbour = products.col.astype(np.int64), new[products.row]
    weight = rounded(products.data)
    kept = (weight != 0) & (row != neighbour)
    return row[kept], neighbour[kept], weight[kept]


# A token that more clips have than this brings no new clip into their rows before the nightly pass.
_MOST_HOLDERS = 5_000
