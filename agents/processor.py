"""What a processor is: the logic of an agent as data in and data out.

A processor knows no Kafka, no clock and no metrics.  Two drivers run it: `agents.engine` on a broker, in real time, and
`agents.replay` in one process.  There are two kinds.  A `Folder` keeps a state for each key; a `Mapper` keeps none.
Both may owe work to a model: `plan` notes what it needs (on the driver's thread), `score` runs models on many jobs at
once (on any thread, touching nothing but the jobs), `finish` makes outputs of it (on the driver's thread).
"""

import hashlib
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, NamedTuple

import msgspec

from agents.topics import REKEY_ITEMS, REKEY_SHOPPERS, Topic
from schemas.base import Record

RECENT_IDS = 32
"""How many event ids of a topic a state remembers, to recognise what a producer sends twice."""

MAX_SKEW = timedelta(seconds=5)
"""How far an event's time may lie behind the broker's before it is cut back."""

_MAX_SKEW_MILLISECONDS = MAX_SKEW // timedelta(milliseconds=1)

Outcome = Literal["folded", "late", "clamped", "duplicate", "redelivered", "reasked", "merged", "empty", "waiting"]
"""What became of an event that could be read.  All but `duplicate`, `redelivered` and `reasked` changed the state.

`reasked`: it was folded long ago, and its output was asked for again.  What a `waiting` one tells comes with a later event.
"""


class Origin(msgspec.Struct, frozen=True, gc=False):
    """Where an event was read."""

    topic: str
    """Name without the prefix."""
    partition: int
    offset: int
    timestamp: int
    """The broker's, in milliseconds since 1970."""
    id: str | None = None
    """`ce_id`, the producer's name for the event."""


class Output(msgspec.Struct, frozen=True, gc=False):
    """A record to be sent; *value* None is a tombstone."""

    topic: Topic
    key: str
    value: Record | msgspec.Raw | None
    """Raw: encoded already."""
    id: str
    """`ce_id`: the same event gives the same id, whenever and wherever it is handled."""
    at: datetime


class Owed(msgspec.Struct, frozen=True, gc=False):
    """A list, card … that mirrors a state and is to be made anew; a newer one of the same *slot* takes its place."""

    slot: str
    request: Any = None
    """What `plan` needs beside the state."""
    linger: float = 0.0
    """Seconds that it may wait for newer ones; the replayer does not wait."""
    shed: bool = True
    """Whether it may be dropped under overload; False for what nobody would ask for again (a vector)."""


class Effects(msgspec.Struct, frozen=True, gc=False):
    """What folding one event leads to beside the new state."""

    facts: Sequence[Output] = ()
    owed: Sequence[Owed] = ()
    outcome: Outcome = "folded"
    tallies: Sequence[tuple[str, str, int]] = ()
    """What is worth counting: a name of `Stage.tallies`, its label and how many."""


class Life(NamedTuple):
    """How long a state is of use, in event time: milliseconds since 1970."""

    newest: int
    """Its newest event."""
    ends: int | None
    """When no event could find anything in it any more, but for those that are read very late; None: never."""


class State(msgspec.Struct, gc=False):
    """Base of what is kept for a key."""

    format: ClassVar[int] = 1
    """Of the stored bytes, from 1 to 256.  Raise it with a change after which this version and the one before can't
    read each other's states: then each refuses those of the other.  Appended fields with a default need no new one."""

    offsets: list[int]
    """The offset last folded, by the index of its topic in `sources`."""
    revision: int = 0
    """Grows with each event folded; where a key comes back after its state left, it goes on above what it was."""
    recent: list[list[str]] = []
    """Ids of the events folded last, by the index of their topic in `sources`: rings that do not push one another out."""


class Input(msgspec.Struct, frozen=True):
    """A topic that a processor reads."""

    topic: Topic
    key: Callable[[Any], str] | None = None
    """The key that a record must have; None: any."""
    decode: Callable[[Any], Any] | None = None
    """Bytes to event; by default the topic's record from JSON."""
    tombstones: bool = False
    """Whether a record without a value is an event: None is folded."""
    patient: bool = False
    """Whether a record may wait a fifth of a second for others to be read with it: nobody waits for what comes of it."""


class Scored(NamedTuple):
    """What came of a job."""

    outputs: Sequence[Output]
    tallies: Iterable[tuple[str, str, int]] = ()
    """What is worth counting of them: see `Stage.tally`."""


class View(msgspec.Struct, frozen=True):
    """A compacted topic that every worker holds whole."""

    topic: Topic
    apply: Callable[[str, Any], None]
    """Takes key and record, or None for a tombstone."""


class Stage(ABC):
    """The part of a processor that needs models; both kinds have it."""

    name: ClassVar[str]
    inputs: tuple[Input, ...]
    """Order matters: it decides the index into `State.offsets`.  Append only."""
    views: tuple[View, ...] = ()
    outputs: tuple[Topic, ...] = ()
    tallies: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """What `tally` and `fold` count, each name with every label that it may have; no labels: the numbers' distribution matters.

    A driver that exports numbers has one metric for each name (`agents.metrics`), so labels are few and known.
    """

    def score(self, jobs: Sequence[Any]) -> Sequence[Any]:
        """Run models over *jobs*; one result for each.  Called on any thread, one model version for the call."""
        return jobs

    def finish(self, job: Any, scored: Any) -> Sequence[Output]:
        """Make the outputs of one job; none by default."""
        del job, scored
        return ()

    def tally(self, job: Any, outputs: Sequence[Output]) -> Iterable[tuple[str, str, int]]:
        """Say what of a *job* and its *outputs* is worth counting: a name of `tallies`, its label and how many.

        Called on the driver's thread for each job, so a look at what is there must do.  By default nothing.
        """
        del job, outputs
        return ()


class Folder(Stage):
    """A processor with a state for each key."""

    state: type[State]
    rekey: ClassVar[Topic | None] = None
    """Where its misplaced records go, a topic that no other processor reads; by default the one of its key."""
    facts: tuple[Topic, ...] = ()
    """Of *outputs*, those that `fold` gives; the others are made of what is owed."""

    def new(self) -> Any:
        """Return the state of a key that has none; *offsets* is filled by the driver."""
        return self.state(offsets=[])

    @abstractmethod
    def fold(self, state: Any, event: Any, origin: Origin) -> Effects | None:
        """Change *state* by *event*.  It must not fail for any event that decodes, and must not look at views."""

    def plan(self, state: Any, owed: Owed, epoch: int) -> Any:
        """Copy from *state* and views what `score` and `finish` need; the state may change meanwhile.

        None, the default: nothing has to be made (any more).
        """
        del state, owed, epoch

    def owes(self, state: Any, event: Any, origin: Origin) -> Sequence[Owed]:
        """Return what an event owes that *state* has already: its outputs were lost.  By default nothing."""
        del state, event, origin
        return ()

    def life(self, state: Any) -> Life | None:
        """Return how long *state* is of use: when it is over, the state may leave, unseen; None, the default: for ever.

        `fold` must not find in a state what it would miss: whether it left, and when, depends on the driver.
        """
        del state
        return None

    def farewell(self, state: Any, epoch: int) -> Sequence[Output]:
        """Return what takes back the outputs that mirror *state*, which leaves.  By default nothing."""
        del state, epoch
        return ()


class Portable(Folder):
    """A folder that can be scored in another process, which then has the views."""

    @abstractmethod
    def pack(self, job: Any) -> bytes:
        """Return *job* as it travels to that process, without what the views say."""

    @abstractmethod
    def unpack(self, packed: bytes) -> Any:
        """Return the job again, with what the views say now."""


class Mapper(Stage):
    """A processor without state: each event leads to outputs of its own."""

    @abstractmethod
    def plan(self, event: Any, origin: Origin) -> Any:
        """Note what `score` and `finish` need of *event*."""


def sources(folder: Folder | type[Folder]) -> tuple[Topic, ...]:
    """Return the topics whose offsets a state keeps: the one of misplaced records first, then the inputs in their order."""
    by_key = REKEY_SHOPPERS if folder.inputs[0].topic.key == "shopper" else REKEY_ITEMS
    return (folder.rekey or by_key, *(source.topic for source in folder.inputs))


def fold_once(  # noqa: PLR0917  called for every event: names would cost
    folder: Folder, state: State, source: int, offset: int, event: Any, origin: Origin, *, new: bool = False
) -> Effects | Literal["duplicate", "redelivered"] | None:
    """Fold *event* into *state* unless it is in it already.

    It was read at *offset* of the topic with index *source* in `sources`; *origin* is the place where the shop put it,
    another one if it was misplaced.  *new*: it needs no place in a ring, for repeats are known otherwise; what the
    version before put into one is still found there.  A name instead of effects says why it was not folded.
    """
    if offset <= state.offsets[source]:
        return "redelivered"
    if origin.id is not None and not (new and len(state.recent) <= source):
        while len(state.recent) <= source:
            state.recent.append([])
        ring = state.recent[source]
        if origin.id in ring:
            state.offsets[source] = offset
            return "duplicate"
        if not new:
            ring.append(origin.id)
            if len(ring) > RECENT_IDS:
                del ring[0]
    state.revision += 1
    effects = folder.fold(state, event, origin)
    state.offsets[source] = offset
    return effects


def misplaced(origin: Origin) -> Origin:
    """Return *origin* of a record that goes through a rekey topic: its place names it, so that it is folded once.

    A worker that dies behind sending it on sends it on again, to another offset.
    """
    if origin.id is not None:
        return origin
    return msgspec.structs.replace(origin, id=f"{origin.topic}/{origin.partition}/{origin.offset}")


def event_time(at: datetime, origin: Origin) -> tuple[int, bool]:
    """Return *at* in milliseconds since 1970, cut back to the broker's time plus a skew, and whether it was cut."""
    milliseconds = int(at.timestamp() * 1000)
    limit = origin.timestamp + _MAX_SKEW_MILLISECONDS
    return (limit, True) if milliseconds > limit else (milliseconds, False)


def moment(milliseconds: int) -> datetime:
    """Return the time that is *milliseconds* after 1970."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def fact_id(origin: Origin, kind: str, n: int = 0) -> str:
    """Return the id of the *n*-th fact of a kind that an event leads to: UUIDv5 of place, kind and number."""
    return _uuid5(f"{origin.topic}/{origin.partition}/{origin.offset}/{kind}/{n}")


def list_id(key: str, epoch: int, revision: int, placement: str, kind: str) -> str:
    """Return the id of a list: UUIDv5 of whose it is, how new it is, where it is shown and what it is."""
    return _uuid5(f"{key}/{epoch}/{revision}/{placement}/{kind}")


def copy_id(  # noqa: PLR0917  the parts of an id, in their order
    key: str, epoch: int, revision: int, placement: str, item: str, suffix: str
) -> str:
    """Return the id of the words about *item* in a list: that of the list's kind, and the item; *suffix* as the list has."""
    return list_id(key, epoch, revision, placement, f"copy/{item}{suffix}")


REQUESTED = "/request"
"""Suffix of the kind of a list that was asked for: it may share a revision with one that was implied."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:vitrine").bytes


def _uuid5(name: str) -> str:
    """`uuid.uuid5` without its checks, three times as fast: RFC 9562, section 5.5."""
    digest = bytearray(hashlib.sha1(_NAMESPACE + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
