"""What the pipeline asks of the catalog: a few columns, lists and chains, read without waiting."""

from typing import Any, Protocol
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

    __slots__ = ("_keys", "_values")

    def __init__(self, values: dict[int, int]) -> None:
        ordered = sorted((key, value) for key, value in values.items() if key)
        self._keys = np.array([key for key, _ in ordered], dtype=np.int64)
        self._values = np.array([value for _, value in ordered], dtype=np.int64)

    def __len__(self) -> int:
        return len(self._keys)

    def of(self, keys: Rows) -> Numbers:
        """Return the number of each key, in the shape of `keys`."""
        if not len(self._keys):
            return np.zeros(keys.shape, dtype=np.int64)
        place = np.searchsorted(self._keys, keys)
        place[place == len(self._keys)] = 0
        return np.where(self._keys[place] == keys, self._values[place], 0)
