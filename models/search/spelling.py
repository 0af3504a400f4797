"""The word that a misspelt one was meant to be."""

from collections.abc import Callable

SHORTEST = 4
"""Letters from which on a word can be told from its neighbours."""


class Spelling:
    """Words that texts have.  Written by one thread; others may read."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, int], dict[str, None]] = {}
        """By first letter and length."""

    def add(self, word: str) -> None:
        """Know *word*."""
        if _spelt(word):
            self._words.setdefault((word[0], len(word)), {})[word] = None

    def drop(self, word: str) -> None:
        """Forget *word*."""
        if _spelt(word):
            alike = self._words[word[0], len(word)]
            del alike[word]
            if not alike:
                del self._words[word[0], len(word)]

    def meant(self, word: str, having: Callable[[str], int]) -> str | None:
        """Return the known word that *word* becomes by one letter more, less or another, or by two that change places.

        The first letter is taken to be right: hardly anyone mistypes it (Pollock and Zamora 1984).  Of several, the one that
        the most texts have, as *having* says.
        """
        if not _spelt(word):
            return None
        lengths = range(len(word) - 1, len(word) + 2)
        near = [
            known
            for length in lengths
            for known in list(self._words.get((word[0], length), ()))
            if one_apart(word, known)
        ]
        return min(near, key=lambda known: (-having(known), known), default=None)


def one_apart(one: str, other: str) -> bool:
    """Return whether two different words are one edit apart: an insertion, a deletion, a change, or neighbours swapped."""
    if len(one) > len(other):
        one, other = other, one
    first = 0
    while first < len(one) and one[first] == other[first]:
        first += 1
    if len(one) < len(other):
        return len(other) - len(one) == 1 and one[first:] == other[first + 1 :]
    swapped = one[first : first + 2] == other[first : first + 2][::-1] and one[first + 2 :] == other[first + 2 :]
    return one[first + 1 :] == other[first + 1 :] or swapped


def _spelt(word: str) -> bool:
    return len(word) >= SHORTEST and word.isascii() and word.isalpha()
