"""A dead letter as it lies on its topic, and the name by which operators call it."""

from typing import NamedTuple, Self

import msgspec

from agents import headers as wire
from agents.replay.log import Headers, LogRecord
from agents.topics import DEAD_LETTERS
from schemas.dead_letters import DeadLetter

_QUEUES = {topic.name: topic.name.removeprefix("dlq.") for topic in DEAD_LETTERS}
"""Topic of dead letters to the topic whose letters they are."""

_FIELDS = {wire.DEAD_LETTER + field.replace("_", "."): field for field in DeadLetter.__struct_fields__}


class Place(NamedTuple):
    """Where a record lies; topics are named without the prefix."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def of_letter(cls, text: str) -> Self:
        """Read what `str` wrote of the place where a letter lies; a ValueError says what else it may be."""
        topic, partition, offset = [*text.split("/"), "", "", ""][:3]
        if topic in _QUEUES and text.count("/") == 2 and _is_number(partition) and _is_number(offset):  # noqa: PLR2004
            return cls(topic, int(partition), int(offset))
        message = (
            f"{text}: PLACE is where the letter itself lies, as `vitrine dlq list --each` prints it: "
            "dlq.TOPIC/PARTITION/OFFSET, such as dlq.clicks.v1/3/7"
        )
        raise ValueError(message)


class Identity(NamedTuple):
    """What copies of a letter share: a worker that dies behind writing one writes it again."""

    source: Place
    failed: int

    def __str__(self) -> str:
        return f"{self.source}/{self.failed}"


class Letter(msgspec.Struct, frozen=True, gc=False):
    """A record that could not be used, as it came, and why."""

    place: Place
    at: int
    """When it was refused, in milliseconds since 1970."""
    why: DeadLetter | None
    """None: its headers do not say; someone else wrote it."""
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def topic(self) -> str:
        """The topic whose letters lie here."""
        return _QUEUES[self.place.topic]

    @property
    def identity(self) -> Identity:
        """Where the record was read first, and how often it was refused; its own place if it does not say."""
        if self.why is None:
            return Identity(self.place, 0)
        return Identity(Place(self.topic, self.why.partition, self.why.offset), self.why.delivery_count)

    @property
    def stage(self) -> str:
        """The stage that refused it; `unknown` if it does not say."""
        return self.why.stage if self.why else "unknown"

    @property
    def reason(self) -> str:
        """Why it was refused; `unknown` if it does not say."""
        return self.why.reason if self.why else "unknown"

    @property
    def field(self) -> str:
        """JSON path of the field at fault, or name of a header; may be empty."""
        return self.why.field if self.why else ""


def letter_of(record: LogRecord, prefix: str) -> Letter:
    """Return the letter that *record* of a topic of dead letters is; the topics of this system begin with *prefix*."""
    given = {
        field: (content or b"").decode(errors="replace")
        for name, content in record.headers
        if (field := _FIELDS.get(name)) is not None
    }
    place = Place(record.topic.removeprefix(prefix), record.partition, record.offset)
    given |= {"topic": given.get("topic", "").removeprefix(prefix), "message": given.get("message", "")}
    try:
        why = msgspec.convert(given, DeadLetter, strict=False)
    except msgspec.ValidationError:
        why = None
    if why is not None and why.topic != _QUEUES[place.topic]:
        why = None  # of another installation: its place means nothing here
    headers = tuple(wire.as_they_came(record.headers))
    return Letter(place, record.timestamp, why, record.key, record.value, headers)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20  # noqa: PLR2004  64 bits
