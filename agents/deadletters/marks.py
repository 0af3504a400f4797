"""Which letters are done with, in little memory: neighbours in a log share a number, each a bit of it."""

from typing import Literal

from agents.deadletters.letter import Identity, Place
from schemas.dead_letters import Handled

_BITS = 512
"""Offsets to a number."""


class Marks:
    """A set of identities; a long run of letters takes a bit a letter, one that stands alone some 200 bytes."""

    def __init__(self) -> None:
        self._bits: dict[tuple[str, int, int, int], int] = {}

    def add(self, identity: Identity) -> None:
        """Mark *identity*."""
        chunk, bit = _where(identity)
        self._bits[chunk] = self._bits.get(chunk, 0) | bit

    def discard(self, identity: Identity) -> None:
        """Take the mark of *identity* away, if it has one."""
        chunk, bit = _where(identity)
        if rest := self._bits.get(chunk, 0) & ~bit:
            self._bits[chunk] = rest
        else:
            self._bits.pop(chunk, None)

    def __contains__(self, identity: Identity) -> bool:
        chunk, bit = _where(identity)
        return bool(self._bits.get(chunk, 0) & bit)

    def __len__(self) -> int:
        return sum(map(int.bit_count, self._bits.values()))


class Register:
    """What operators did, as `dlq-handled.v1` tells it."""

    def __init__(self) -> None:
        self.replayed = Marks()
        self.dropped = Marks()

    def note(self, handled: Handled) -> None:
        """Take a record in the order of its topic; a later one of the same letter holds."""
        identity = identity_of(handled)
        replayed = handled.action == "replayed"
        (self.replayed if replayed else self.dropped).add(identity)
        (self.dropped if replayed else self.replayed).discard(identity)

    def state(self, identity: Identity) -> Literal["open", "replayed", "dropped"]:
        """Return what became of a letter."""
        return "replayed" if identity in self.replayed else "dropped" if identity in self.dropped else "open"


def identity_of(handled: Handled) -> Identity:
    """Return which letter *handled* tells of."""
    return Identity(Place(handled.topic, handled.partition, handled.offset), handled.delivery_count)


def _where(identity: Identity) -> tuple[tuple[str, int, int, int], int]:
    source = identity.source
    chunk, bit = divmod(source.offset, _BITS)
    return (source.topic, source.partition, identity.failed, chunk), 1 << bit
