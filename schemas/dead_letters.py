"""Why a record could not be used (topics `dlq.<topic>`: key, value and headers as they came, and these as headers)."""

from typing import Literal

from schemas.base import Record

Stage = Literal["decode", "validate", "key", "score"]


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
