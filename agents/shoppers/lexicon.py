"""Which items have which terms in their texts."""

from collections.abc import Iterable

from models.search.match import Wanted, share, wanted
from models.search.spelling import Spelling
from models.search.terms import terms
from schemas.base import Localized
from schemas.catalog import CatalogItem

FOUND = 200
"""Items that a query is matched against, at most; those with its rarest terms."""

_NONE: frozenset[str] = frozenset()


class Lexicon:
    """Term to items.  Written by one thread; others may read."""

    def __init__(self) -> None:
        self.version = 0
        """Changes so far, each counted when it is done: who reads this first has read nothing newer under it."""
        self._items: dict[str, dict[str, None]] = {}
        self._terms: dict[str, frozenset[str]] = {}
        self._spelling = Spelling()

    def put(self, item: str, facts: CatalogItem) -> None:
        """Set the texts of *item*."""
        new = frozenset(terms(" ".join(_texts(facts))))
        old = self._terms.get(item, frozenset())
        if new == old:
            return
        for term in old - new:
            self._leave(term, item)
        for term in new - old:
            if term not in self._items:
                self._items[term] = {}
                self._spelling.add(term)
            self._items[term][item] = None
        self._terms[item] = new
        self.version += 1

    def drop(self, item: str) -> None:
        """Take *item* out."""
        gone = self._terms.pop(item, None)
        if gone is None:
            return
        for term in gone:
            self._leave(term, item)
        self.version += 1

    def wanted(self, query: str) -> Wanted:
        """Weigh the terms of *query*, misspelt ones as they were meant, by how rare they are; those that no item has weigh as if one had."""
        return wanted(query, len(self._terms), self._having, lambda term: self._spelling.meant(term, self._having))

    def match(self, wanted: Wanted, item: str) -> float:
        """Return the share of the query, 0 to 1, that the texts of *item* have."""
        return share(wanted, self._terms.get(item, _NONE))

    def find(self, wanted: Wanted, count: int) -> list[tuple[str, float]]:
        """Return the *count* items that match best and how well; of equal ones, the first by name."""
        found: dict[str, None] = {}
        for term, _ in wanted.weights:
            found.update(dict.fromkeys(sorted(self._items.get(term, ()))[: FOUND - len(found)]))
            if len(found) >= FOUND:
                break
        ranked = sorted((-self.match(wanted, item), item) for item in found)
        return [(item, -share) for share, item in ranked[:count]]

    def _leave(self, term: str, item: str) -> None:
        items = self._items[term]
        del items[item]
        if not items:
            del self._items[term]
            self._spelling.drop(term)

    def _having(self, term: str) -> int:
        return len(self._items.get(term, ()))


def _texts(facts: CatalogItem) -> Iterable[str]:
    values: list[Localized] = [facts.title, facts.category_name, *facts.attributes.values()]
    yield facts.brand
    for texts in values:
        yield from texts.values()
