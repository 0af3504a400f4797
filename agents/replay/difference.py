"""What differs between two logs of outputs, or two files of states: counted by topic, and told for lists and words.

The two are read side by side.  A line that is the same in both is counted and forgotten; of the others each waits for
the record with the same identity on the other side, so that two long logs of the same order need little memory.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from agents.replay.identity import Entry, entry
from agents.replay.lists_moved import ListsMoved
from agents.replay.log import lines
from agents.replay.texts_changed import Judgements, TextsChanged
from agents.topics import BY_NAME, CATALOG, COPY, DECISIONS, ITEM_CARDS, LISTS, RECOMMENDATIONS, SENTIMENTS

MOVERS = 5
"""Items that gained, and that lost most, of which the result tells."""

ALIKE = 0.5
"""Share of the lists in either log that the other one must have, too, if both are of the same events."""

_Line = tuple[int, bytes]

_TOPIC = b'{"topic":"'
"""How the line of a record begins."""
_TITLED = {ITEM_CARDS.name, CATALOG.name}
"""Topics whose records tell titles."""

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_versions = msgspec.json.Decoder(dict[str, str]).decode
_weights = msgspec.json.Decoder(dict[str, float]).decode


class Tally(msgspec.Struct):
    """Records of one topic."""

    equal: int = 0
    changed: int = 0
    only_old: int = 0
    only_new: int = 0

    @property
    def differs(self) -> bool:
        """Whether anything is not the same."""
        return bool(self.changed or self.only_old or self.only_new)


class _Facts(msgspec.Struct):
    title: dict[str, str] = {}


class _Card(msgspec.Struct):
    facts: _Facts | None = None


_card = msgspec.json.Decoder(_Card).decode
_facts = msgspec.json.Decoder(_Facts).decode


class Difference:
    """All that is known of how two logs differ."""

    def __init__(self, *, examples: int = 3, titles: dict[str, str] | None = None) -> None:
        """Keep *examples* of each kind; *titles*: item to title, as far as it is known; the logs add theirs."""
        self.topics: dict[str, Tally] = {}
        self.fields: dict[str, Counter[str]] = {}
        """Topic to how many of its changed records differ in a field."""
        self.versions: Counter[tuple[str, str, str]] = Counter()
        """Model, old and new version to lists."""
        self.weights: dict[str, tuple[float | None, float | None]] = {}
        """Feature to its weight, where they differ."""
        self.lists = ListsMoved(examples)
        self.copies = TextsChanged(examples)
        self.sentiments = Judgements(examples)
        self.titles = {} if titles is None else titles
        self._takers = {
            RECOMMENDATIONS.name: self.lists.take,
            COPY.name: self.copies.take,
            DECISIONS.name: self.lists.explain,
            SENTIMENTS.name: self.sentiments.take,
        }

    @property
    def equal(self) -> bool:
        """Whether no record differs."""
        return not any(tally.differs for tally in self.topics.values())

    def tally(self, topic: str) -> Tally:
        """Return the counts of *topic*."""
        found = self.topics.get(topic)
        if found is None:
            found = self.topics[topic] = Tally()
        return found

    def pair(self, old: Entry, new: Entry) -> None:
        """Take what is the same record in both logs."""
        tally = self.tally(old.topic)
        if (old.key, old.value) == (new.key, new.value):
            tally.equal += 1
            return
        tally.changed += 1
        fields = self.fields.setdefault(old.topic, Counter())
        try:
            self._look_into(old, new, fields)
        except (ValueError, RecursionError, TypeError):
            fields["(unreadable)"] += 1

    def warnings(self) -> list[str]:
        """Say what looks like a mistake in what was compared."""
        for topic in LISTS:
            it = self.topics.get(topic.name, Tally())
            both = it.equal + it.changed
            least = min(both + it.only_old, both + it.only_new)
            if it.only_old and it.only_new and both < ALIKE * least:
                warning = (
                    f"only {both:,} of {least:,} records of {topic.name} are in both: these are not of the same events "
                    "(another log, or other --partitions), so what follows says little about a change of yours"
                )
                return [warning]
        one_sided = {
            name: "old" if it.only_old else "new"
            for name, it in sorted(self.topics.items())
            if not it.equal and not it.changed and bool(it.only_old) != bool(it.only_new)
        }
        return [
            f"{name} is in the {side} one only: was the other one written with --topics?"
            for name, side in one_sided.items()
        ]

    def summary(self) -> dict[str, Any]:
        """Return all of it as a mapping that encodes to JSON."""
        return {
            "equal": self.equal,
            "topics": dict(sorted(self.topics.items())),
            "fields": {topic: dict(counts.most_common()) for topic, counts in sorted(self.fields.items())},
            "versions": [
                {"model": model, "old": old, "new": new, "lists": count}
                for (model, old, new), count in sorted(self.versions.items())
            ],
            "weights": {name: {"old": old, "new": new} for name, (old, new) in self.weights.items()},
            "lists": self.lists.summary(MOVERS) | {"examples": self.lists.examples},
            "copies": self.copies.summary(),
            "sentiments": self.sentiments.summary(),
            "titles": {item: self.titles[item] for item in sorted(self._told()) if item in self.titles},
            "warnings": self.warnings(),
        }

    def learn(self, it: Entry) -> None:
        """Note the title of an item."""
        if it.topic not in _TITLED or it.value is None or it.key is None:
            return
        item = it.key.decode(errors="replace")
        if item in self.titles:
            return
        try:
            facts = _card(it.value).facts if it.topic == ITEM_CARDS.name else _facts(it.value)
        except (ValueError, RecursionError):
            return
        if facts is not None and facts.title:
            self.titles[item] = facts.title.get("en") or next(iter(facts.title.values()))

    def _told(self) -> set[str]:
        gained, lost = self.lists.movers(MOVERS)
        told = {item for item, _ in (*gained, *lost)}
        for example in self.lists.examples:
            told.update(slot.item for slot in (*example.old.slots, *example.new.slots))
        told.update(old.item for old, _ in self.copies.examples)
        return told | {it.old.item for it in self.sentiments.examples}

    def _look_into(self, old: Entry, new: Entry, fields: Counter[str]) -> None:
        if old.value is None or new.value is None:
            fields["(tombstone)"] += 1
            return
        before, after = _fields(old.value), _fields(new.value)
        fields.update(
            name for name in before.keys() | after.keys() if bytes(before.get(name, b"")) != bytes(after.get(name, b""))
        )
        if old.topic == DECISIONS.name:
            self._compare_weights(before, after)
        taker = self._takers.get(old.topic)
        if taker is not None:
            taker(old.value, new.value)
        if old.topic == RECOMMENDATIONS.name and bytes(before["models"]) != bytes(after["models"]):
            one, other = _versions(before["models"]), _versions(after["models"])
            for name in one.keys() | other.keys():
                if one.get(name) != other.get(name):
                    self.versions[name, one.get(name, "none"), other.get(name, "none")] += 1

    def _compare_weights(self, before: dict[str, msgspec.Raw], after: dict[str, msgspec.Raw]) -> None:
        if self.weights or bytes(before.get("weights", b"")) == bytes(after.get("weights", b"")):
            return
        one, other = (_weights(fields["weights"]) if "weights" in fields else {} for fields in (before, after))
        if one and other:
            both = one | other
            self.weights = {name: (one.get(name), other.get(name)) for name in both if one.get(name) != other.get(name)}


def compare(old: Path, new: Path, difference: Difference, *, only: Collection[str] = (), prefix: str = "") -> None:
    """Add to *difference* what differs between two files, on the topics *only* if any are named."""
    _Sides(old, new, difference, only, prefix).read(lines(old), lines(new))


class _Sides:
    """Reads two files side by side and brings together what belongs together."""

    def __init__(self, old: Path, new: Path, difference: Difference, only: Collection[str], prefix: str) -> None:
        self._paths = (old, new)
        self._difference = difference
        self._only = frozenset(only)
        self._prefix = prefix
        self._waiting: tuple[dict[tuple[Any, ...], deque[Entry]], ...] = ({}, {})

    def read(self, old: Iterable[_Line], new: Iterable[_Line]) -> None:
        for one, other in zip_longest(old, new):
            if one is not None and other is not None and one[1] == other[1]:
                self._count_equal(*one)
                continue
            if one is not None:
                self._take(0, entry(self._paths[0], one[0], one[1], self._prefix))
            if other is not None:
                self._take(1, entry(self._paths[1], other[0], other[1], self._prefix))
        for side, waiting in enumerate(self._waiting):
            for entries in waiting.values():
                tally = self._difference.tally(entries[0].topic)
                if side:
                    tally.only_new += len(entries)
                else:
                    tally.only_old += len(entries)

    def _count_equal(self, number: int, line: bytes) -> None:
        """Count a line of both; only those that tell a title are read any further than to their topic."""
        topic = line[len(_TOPIC) : line.find(b'"', len(_TOPIC))].decode() if line.startswith(_TOPIC) else ""
        topic = topic.removeprefix(self._prefix)
        if topic in BY_NAME and topic not in _TITLED:
            if not self._only or topic in self._only:
                self._difference.tally(topic).equal += 1
            return
        it = entry(self._paths[0], number, line, self._prefix)
        if self._only and it.topic not in self._only:
            return
        self._difference.tally(it.topic).equal += 1
        self._difference.learn(it)

    def _take(self, side: int, it: Entry) -> None:
        self._difference.learn(it)
        if self._only and it.topic not in self._only:
            return
        place = (it.topic, *it.identity)
        mine, others = self._waiting[side], self._waiting[1 - side]
        found = others.get(place)
        if found is None:
            mine.setdefault(place, deque()).append(it)
            return
        other = found.popleft()
        if not found:
            del others[place]
        if side:
            self._difference.pair(other, it)
        else:
            self._difference.pair(it, other)
