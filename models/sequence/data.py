"""What shoppers did, one item after another: sequences of a user, sessions of anyone, and what came next.

Forms: `user item item …` a line (as S3-Rec has them); `item item …` a line, one session (as GCE-GNN has them); a table with
the columns of session, item and time; `item item …<TAB>item` a line, a prefix and its target.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.files import FileError, column, is_table, records, text_of

Numbers = NDArray[np.int64]

UNKNOWN = -1
"""The number of an item that is not in the catalogue."""

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "session": ("sessionid", "session_id", "session", "user_session"),
    "item": ("itemid", "item_id", "item", "product_id"),
    "time": ("time", "timestamp", "event_time"),
}
_SHORTEST = 3
"""Items of a sequence of which one is tested on, one chosen by, and the rest is trained on."""


class Catalog(NamedTuple):
    """Items by name; the number of an item is its place."""

    names: tuple[str, ...]
    numbers: dict[str, int]

    @classmethod
    def of(cls, names: Iterable[str]) -> "Catalog":
        """Give numbers to *names* in their order, each once."""
        known = tuple(dict.fromkeys(names))
        return cls(known, {name: n for n, name in enumerate(known)})

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, names: Iterable[str]) -> Numbers:
        """Return the numbers of *names*, without those that are not here."""
        return np.array([self.numbers[name] for name in names if name in self.numbers], np.int64)


class Question(NamedTuple):
    """What was done, oldest first, and what came next: `UNKNOWN` if the catalogue lacks it."""

    history: Numbers
    target: int


class Material(NamedTuple):
    """What is trained on, chosen by and tested on."""

    catalog: Catalog
    train: list[Numbers]
    """Sequences, oldest first."""
    validation: list[Question]
    test: list[Question]
    seen: bool
    """Whether what a history holds may come again, and is ranked."""

    @property
    def k(self) -> int:
        """Return the length of the lists that are measured and chosen by, as is the custom."""
        return 20 if self.seen else 10


def of_sequences(path: Path) -> Material:
    """Read the sequences of users: the last item of each is the test, the one before is chosen by, the rest is trained on."""
    given = []
    for number, line in _lines(path):
        _, *items = line.split()
        if not items:
            message = f"{path}:{number}: a user without items; lines `user item item …` are expected"
            raise FileError(message)
        given.append(items)
    catalog = Catalog.of(sorted({item for items in given for item in items}, key=_order))
    encoded = [catalog.encode(items) for items in given]
    whole = [items for items in encoded if len(items) >= _SHORTEST]
    if not whole:
        message = f"{path}: no user has {_SHORTEST} items: one to train on, one to choose by, one to test on"
        raise FileError(message)
    return Material(
        catalog,
        [items[:-2] if len(items) >= _SHORTEST else items for items in encoded],
        [Question(items[:-2], int(items[-2])) for items in whole],
        [Question(items[:-1], int(items[-1])) for items in whole],
        seen=False,
    )


def of_sessions(train: Path, test: Path | None, held_out: float = 0.1) -> Material:
    """Read sessions in time order; without *test* the last share *held_out* of them is the test.

    Of what is left the last share *held_out* is chosen by; every item of a session but the first is asked for.
    """
    given = [session for session in _sessions(train) if len(session) > 1]
    if test is None:
        given, last = _parted(given, held_out)
        asked = [(session[:n], session[n]) for session in last for n in range(1, len(session))]
    else:
        asked = [(list(prefix), target) for prefix, target in _asked(test)]
    if not given or not asked:
        message = f"{test or train}: no session of two items or more to {'ask for' if given else 'learn from'}"
        raise FileError(message)
    catalog = Catalog.of(sorted({item for session in given for item in session}, key=_order))
    learnt, chosen = _parted(given, held_out)
    return Material(
        catalog,
        [catalog.encode(session) for session in learnt],
        [
            Question(encoded[:n], int(encoded[n]))
            for encoded in map(catalog.encode, chosen)
            for n in range(1, len(encoded))
        ],
        [Question(catalog.encode(prefix), catalog.numbers.get(target, UNKNOWN)) for prefix, target in asked],
        seen=True,
    )


class History(NamedTuple):
    """What one shopper did, oldest first."""

    times: list[int]
    """When, in any unit that all histories share."""
    items: list[str]


def of_histories(given: Iterable[History], held_out: float = 0.1) -> Material:
    """Split histories in time: the last share *held_out* of all steps is the test, of the steps before the last is chosen by.

    Each of those steps is asked for with all that its shopper did before, unless that is nothing; items may come again.
    """
    histories = list(given)
    times = sorted(at for history in histories for at in history.times)
    if not times:
        message = "nobody did anything with an item: there is nothing to learn from"
        raise FileError(message)
    before, last = (times[max(0, round(len(times) * share) - 1)] for share in ((1 - held_out) ** 2, 1 - held_out))
    catalog = Catalog.of(
        sorted(
            {item for it in histories for at, item in zip(it.times, it.items, strict=True) if at <= last}, key=_order
        )
    )
    train: list[Numbers] = []
    validation: list[Question] = []
    test: list[Question] = []
    for history in histories:
        learnt, known = (bisect_right(history.times, end) for end in (before, last))
        train.append(catalog.encode(history.items[:learnt]))
        for n in range(max(1, learnt), len(history.items)):
            asked = Question(catalog.encode(history.items[:n]), catalog.numbers.get(history.items[n], UNKNOWN))
            (validation if n < known else test).append(asked)
    if not validation or not test:
        message = "too few shoppers do more than one thing for a model to be chosen and tested by; record for longer"
        raise FileError(message)
    return Material(catalog, [numbers for numbers in train if len(numbers)], validation, test, seen=True)


def _parted(sessions: list[list[str]], share: float) -> tuple[list[list[str]], list[list[str]]]:
    first = round(len(sessions) * (1 - share))
    return sessions[:first], sessions[first:]


def _sessions(path: Path) -> list[list[str]]:
    if is_table(path) and (table := _table(path)) is not None:
        return table
    return [line.split() for _, line in _lines(path)]


def _asked(path: Path) -> Iterator[tuple[Sequence[str], str]]:
    if is_table(path) and (table := _table(path)) is not None:
        yield from ((session[:n], session[n]) for session in table for n in range(1, len(session)))
        return
    for number, line in _lines(path):
        prefix, mark, target = line.rpartition("\t")
        if not mark or not prefix.split() or not target.strip():
            message = f"{path}:{number}: no prefix and target; lines `item item …<TAB>item` are expected"
            raise FileError(message)
        yield prefix.split(), target.strip()


def _table(path: Path) -> list[list[str]] | None:
    """Return the sessions of a table by the time of their first event; None if it has no such columns."""
    names, rows = records(path, text_of(path))
    found = {field: column(names, known) for field, known in _COLUMNS.items()}
    if None in found.values():
        return None
    events: dict[str, list[tuple[float, int, str]]] = {}
    for number, row in enumerate(rows, start=1):
        session, item, at = (str(row[str(found[field])]) for field in ("session", "item", "time"))
        try:
            events.setdefault(session, []).append((float(at), number, item))
        except ValueError as error:
            message = f"{path}: record {number}: time {at!r} is no number of seconds; convert it"
            raise FileError(message) from error
    return [[item for *_, item in sorted(done)] for done in sorted(events.values(), key=min)]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text_of(path).split("\n"), start=1):
        if line.strip():
            yield number, line.strip("\r")


def _order(name: str) -> tuple[int, str]:
    """Sort numbers by value, and other names by letters."""
    return (len(name), name)
