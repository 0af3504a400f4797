"""What a query finds on the shelf, remembered: a shopper's newest queries are asked again for every list until others are newer."""

import threading
from collections import OrderedDict
from typing import NamedTuple

from agents.shoppers.shelf import Look
from agents.shoppers.vectors import SCALE
from models.api import Vectors
from models.search.match import FAINT, Wanted

FOUND = 20
"""Items that a query brings in by its words, and as many by its sense."""
REMEMBERED_BYTES = 64 * 2**20


class Found(NamedTuple):
    """What is known of a query before anybody's taste is."""

    wanted: Wanted
    items: tuple[str, ...]
    """Those that match best by their words, then those whose texts are nearest."""
    products: Vectors
    """(rows,) of the query's vector with those of the shelf."""


class Remembered:
    """The queries asked last; what was found holds until the texts, the vectors or the stock of items change."""

    def __init__(self, most: int = REMEMBERED_BYTES) -> None:
        """*most*: bytes of products that are kept."""
        self._most, self._bytes = most, 0
        self._found: OrderedDict[str, tuple[tuple[int, int], Found]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, query: str, look: Look) -> Found | None:
        """Return what *query* found if it finds the same now."""
        with self._lock:
            known = self._found.get(query)
            if known is None or known[0] != _version(look):
                return None
            self._found.move_to_end(query)
            return known[1]

    def put(self, query: str, look: Look, products: Vectors) -> Found:
        """Note and return what *query* finds, the *products* being known."""
        version, products = _version(look), products.copy()  # before the lexicon is read; out of a batch's array
        wanted = look.lexicon.wanted(query)
        named = [item for item, _ in look.lexicon.find(wanted, FOUND)]
        near = [item for item, product in look.vectors.top(products, FOUND) if product >= FAINT * SCALE * SCALE]
        found = Found(wanted, (*named, *near), products)
        with self._lock:
            self._drop(query)
            self._found[query] = version, found
            self._bytes += products.nbytes
            while self._bytes > self._most and len(self._found) > 1:
                self._drop(next(iter(self._found)))
        return found

    def _drop(self, query: str) -> None:
        known = self._found.pop(query, None)
        if known is not None:
            self._bytes -= known[1].products.nbytes


def _version(look: Look) -> tuple[int, int]:
    return look.lexicon.version, look.vectors.version
