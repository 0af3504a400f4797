"""The dead letters on a broker: read, and written about."""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec

from agents.deadletters.letter import Identity, Letter, Place, letter_of
from agents.deadletters.marks import Register, identity_of
from agents.deadletters.resend import Parcel
from agents.intake import partition_of
from agents.replay.errors import BrokerError
from agents.replay.kafka import Outgoing, Recorder, Stretch
from agents.replay.transaction import Transactions
from agents.topics import DEAD_LETTERS, DLQ_HANDLED
from schemas.dead_letters import Handled

PART = 500
"""Letters whose records and marks are written together."""

_decode_handled = msgspec.json.Decoder(Handled).decode


class Deed(NamedTuple):
    """Something done about a letter."""

    letter: Letter
    parcel: Parcel | None
    """What is sent for it; None: it is dropped."""


class Mailbox:
    """Reads the dead letters of one installation."""

    def __init__(self, broker: str, prefix: str) -> None:
        """*prefix*: of the names of topics on *broker*."""
        self._broker = broker
        self._prefix = prefix

    def letters(self, topics: Collection[str]) -> Iterator[Letter]:
        """Yield the letters of *topics*, of all if there are none; those of a partition in its order."""
        queues = [f"dlq.{name}" for name in topics] or [topic.name for topic in DEAD_LETTERS]
        with self._recorder(queues) as recorder:
            for batch in recorder.batches(follow=False):
                for record in batch:
                    yield letter_of(record, self._prefix)

    def at(self, places: Iterable[Place]) -> Iterator[Letter]:
        """Yield the letters that lie at *places*; a BrokerError if one does not."""
        wanted = list(dict.fromkeys(places))
        with self._recorder(sorted({place.topic for place in wanted})) as recorder:
            there = {(it.topic, it.partition): it for it in recorder.stretches}
            for place in wanted:
                topic = self._prefix + place.topic
                stretch = there.get((topic, place.partition))
                if stretch is None:
                    message = f"{place}: {topic} has no partition {place.partition}"
                    raise BrokerError(message)
                found = None
                if stretch.low <= place.offset < stretch.end:
                    recorder.stretches = [Stretch(topic, place.partition, place.offset, place.offset + 1)]
                    found = next((it for batch in recorder.batches(follow=False) for it in batch), None)
                if found is None:
                    message = (
                        f"{place}: no letter lies there; the partition has {stretch.low} to {stretch.end - 1}"
                        if stretch.end > stretch.low
                        else f"{place}: no letter lies there; the partition is empty"
                    )
                    raise BrokerError(message)
                yield letter_of(found, self._prefix)

    def register(self, details: Collection[Identity] = ()) -> tuple[Register, dict[Identity, Handled]]:
        """Return what was done with letters, and the records that tell it of those whose *details* are wanted."""
        register, found = Register(), {}
        with self._recorder([DLQ_HANDLED.name]) as recorder:
            for batch in recorder.batches(follow=False):
                for record in batch:
                    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):  # someone else's
                        handled = _decode_handled(record.value or b"")
                        register.note(handled)
                        identity = identity_of(handled)
                        if identity in details:
                            found[identity] = handled
        return register, found

    @contextlib.contextmanager
    def _recorder(self, topics: Sequence[str]) -> Iterator[Recorder]:
        with contextlib.closing(Recorder(self._broker, [self._prefix + name for name in topics])) as recorder:
            yield recorder


class Desk:
    """Writes what is done about letters: what is sent and that it was sent are there together or not at all."""

    def __init__(self, broker: str, prefix: str, targets: Collection[str], by: str | None) -> None:
        """Take over from whoever else is at it; *targets*: where records may be sent; *by*: who does it."""
        self._prefix = prefix
        self._by = by
        self._transactions = Transactions(broker, f"{prefix}vitrine-dlq")
        self._partitions = self._transactions.partition_counts([prefix + it for it in (*targets, DLQ_HANDLED.name)])

    def write(self, deeds: Sequence[Deed], at: datetime) -> None:
        """Do *deeds* and mark their letters as handled; after a BrokerError all is done, or nothing is."""
        out: list[Outgoing] = []
        for letter, parcel in deeds:
            if parcel is not None:
                out.append(self._outgoing(parcel.topic.name, parcel.key, parcel.value, parcel.headers))
            mark = msgspec.json.encode(_handled(letter, "dropped" if parcel is None else "replayed", at, self._by))
            out.append(self._outgoing(DLQ_HANDLED.name, str(letter.identity).encode(), mark))
        self._transactions.send(out)

    def _outgoing(
        self, topic: str, key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes | None], ...] = ()
    ) -> Outgoing:
        name = self._prefix + topic
        return Outgoing(name, partition_of(key or b"", self._partitions[name]), None, key, value, headers)


def _handled(letter: Letter, action: Literal["replayed", "dropped"], at: datetime, by: str | None) -> Handled:
    source, failed = letter.identity
    return Handled(action=action, at=at, letter=str(letter.place), **source._asdict(), delivery_count=failed, by=by)
