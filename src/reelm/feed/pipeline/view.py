"""What the pipeline asks of the catalog: a few columns, lists and chains, read without waiting."""

from collections.abc import Mapping
from typing import Any, Protocol, Self
from uuid import UUID

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int64]


class CatalogView(Protocol):
    """The part of `feed.catalog.Catalog` that stages read."""

    @property
    def size(self) -> int:
        """Rows in use."""

    @property
    def generation(self) -> bytes:
        """Which numbering of clips this is."""

    @property
    def tags(self) -> Rows:
        """Keys of each row's tags, padded with 0."""

    def column(self, name: str) -> npt.NDArray[Any]:
        """Return a column of all rows."""

    def list(self, name: str) -> npt.NDArray[Any]:
        """Return a list that is the same for everyone, best first."""

    def row(self, clip_id: UUID) -> int:
        """Return the row of a public clip; -1 for any other."""

    def newest_of(self, kind: Any, key: int, limit: int) -> Rows:
        """Return the newest living rows of an author, sound or tag."""


class KeyTable:
    """Numbers by key, looked up for many keys at once; a key that is not in it, and the key 0, have 0."""

    __slots__ = ("_keys", "_values", "keys", "values")

    def __init__(self, keys: Rows, values: Numbers) -> None:
        """`keys` ascend, and 0 is not among them."""
        self.keys = keys
        self.values = values
        # One more at the end, for what lies beyond the last key.
        self._keys = np.append(keys, 0)
        self._values = np.append(values, 0)

    @classmethod
    def of_dict(cls, values: Mapping[int, int]) -> Self:
        """Make one of a few keys and their numbers."""
        ordered = sorted(key for key in values if key)
        return cls(
            np.array(ordered, dtype=np.int64), np.array([values[key] for key in ordered], dtype=np.int64)
        )

    @classmethod
    def adding(cls, keys: Rows, values: Numbers) -> Self:
        """Make one that has for each key the sum of its values. Exact below 2⁵³."""
        named = keys != 0
        found, place = np.unique(keys[named], return_inverse=True)
        sums = np.bincount(place, weights=values[named], minlength=len(found))
        return cls(found, sums.astype(np.int64))

    def __len__(self) -> int:
        return len(self.keys)

    def of(self, keys: Rows) -> Numbers:
        """Return the number of each key, in the shape of `keys`."""
        if not len(self.keys):
            return np.zeros(keys.shape, dtype=np.int64)
        place = self.keys.searchsorted(keys)
        found: Numbers = self._values.take(place)
        found *= self._keys.take(place) == keys
        return found

    def as_dict(self) -> dict[int, int]:
        """Return all keys and numbers."""
        return dict(zip(self.keys.tolist(), self.values.tolist(), strict=True))
