"""Why a record could not be used (topics `dlq.<topic>`: key, value and headers as they came, and these as headers).

And what an operator did about it.
"""

from typing import Literal

from schemas.base import At, Id, Record

Stage = Literal["decode", "validate", "key", "score"]
"""`score`: a model failed; the event itself is folded where its topic is folded at all, and only its output is missing."""


class DeadLetter(Record, frozen=True, kw_only=True):
    """Place and reason of a refusal; each field is a header `__dlq.errors.<field>` (`_` becomes `.`)."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    stage: Stage
    reason: str
    """A short constant: undecodable, invalid, key_mismatch …"""
    message: str
    """What a person needs to see: names the field."""
    field: str = ""
    """JSON path of the field at fault."""
    group: str = ""
    delivery_count: int = 1
    """How often the record was refused: replaying a letter whose record is refused again makes a letter with one more."""


class Handled(Record, frozen=True, kw_only=True):
    """What became of a dead letter: all copies of it, which a worker that died may have made, are done with."""

    action: Literal["replayed", "dropped"]
    at: At
    letter: str
    """Where the letter lies: `dlq.clicks.v1/3/7`."""
    topic: str
    """Where the record was read first, without the prefix; the letter's own place if it does not say."""
    partition: int
    offset: int
    delivery_count: int
    """Of the letter; 0 if it does not say."""
    by: Id | None = None
    """Who did it."""
