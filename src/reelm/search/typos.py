"""Mistyped words: what a person may have meant, near enough to be worth showing."""


def near_spellings(word: str) -> list[str]:
    """Return the word with two neighbours swapped or one letter left out: mistakes that trigrams see badly."""
    swapped = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    shortened = {word[:i] + word[i + 1 :] for i in range(len(word))}
    return sorted((swapped | shortened) - {word, ""})


def distance(one: str, other: str, most: int) -> int:
    """Return how many insertions, deletions, changes and swaps of neighbours lie between; `most` + 1 if more.

    Optimal string alignment: row by row, keeping the last two rows.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        following = [i]
        for j, b in enumerate(other, 1):
            best = min(row[j] + 1, following[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            following.append(best)
        if min(following) > most:
            return most + 1
        before, row = row, following
    return min(row[-1], most + 1)


def allowed(word: str) -> int:
    """Return how many mistakes a word of this length is forgiven."""
    return 0 if len(word) < 3 else 1 if len(word) < 6 else 2


def resemblance(typed: str, term: str) -> float:
    """Say how likely `typed` was meant as `term`: 0 for no, below 1 always.

    A mistake in the first letter is rarer than one further on, so it weighs more. The beginning of a longer
    word may be mistyped, too.
    """
    most = allowed(typed)
    steps: float = distance(typed, term, most)
    if steps > most and len(term) > len(typed):
        steps = min(distance(typed, term[: len(typed) + extra], most) for extra in (0, 1)) + 0.5
    if steps > most + 0.5:
        return 0.0
    return max(0.1, 0.9 - 0.2 * steps - (0.1 if typed[:1] != term[:1] else 0.0))
