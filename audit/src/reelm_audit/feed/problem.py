"""What does not add up about a page of For You."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not add up: a code of the catalogue, and the particulars in a sentence."""

    code: str
    detail: str
