"""One of our records in the making: each field with the place that the producer gave it."""

from collections.abc import Iterable
from typing import Any

from agents.dialects.heard import Heard
from agents.dialects.reading import Found, Read, Scope, as_id, as_ids, find

SHOPPER = (
    "shopper", "userId", "user_id", "distinct_id", "anonymousId", "anonymous_id", "user_pseudo_id", "client_id",
    "domain_userid", "network_userid",
)  # fmt: skip
"""What a shopper's id is called; who is known comes before who is not."""
AT = (
    "at", "timestamp", "originalTimestamp", "original_timestamp", "ts", "timestamp_micros", "event_timestamp",
    "derived_tstamp", "collector_tstamp", "dvce_created_tstamp", "created_at", "createdAt",
)  # fmt: skip
LANGUAGE = ("language", "locale", "br_lang")
SESSION = ("session", "session_id", "sessionId", "ga_session_id", "domain_sessionid")
LIST_ID = ("recommendation_id", "recommendationId")
"""Only so: the name of a list (`list_id`) is the shop's, and says nothing of which of our lists was shown there."""
COPY_ID = ("copy_id", "copyId")


def same(value: Any) -> Any:
    """Return *value*."""
    return value


class Draft:
    """A record in the making."""

    def __init__(self, heard: Heard) -> None:
        self.heard = heard
        self.fields: dict[str, Any] = {}
        self.places: dict[str, str] = {}
        """JSON path in the record to that in the producer's value."""
        self.changed = not heard.own
        """Whether there is anything in the record that the producer did not write just so."""

    def take(
        self, field: str, names: Iterable[str], read: Read = same, *, who: bool = False, empty: bool = False
    ) -> Found | None:
        """Set *field* from the first of *names* that is there; else note under which name it is missed."""
        scopes = self.heard.who if who else self.heard.what
        found = find(scopes, names, empty=empty)
        if found is None:
            if field in self.heard.asked_for:
                self.places[f"$.{field}"] = self.heard.asked_for[field]
            return None
        own = read in {as_id, as_ids} and found.path == f"$.{field}"  # an id of ours is a text
        self.put(field, found, found.value if own else read(found.value))
        return found

    def put(self, field: str, found: Found, value: Any) -> None:
        """Set *field* to *value*, which was made of what was found."""
        self.fields[field] = value
        self.places[f"$.{field}"] = found.path
        self.changed |= found.path != f"$.{field}" or value != found.value

    def event(self) -> None:
        """Take what all events of a shopper have."""
        self.take("shopper", SHOPPER, as_id, who=True)
        self.take("at", AT, self.heard.time, who=True)
        self.take("language", LANGUAGE)
        self.take("session", SESSION, as_id)

    def product(self, scope: Scope | None) -> Found | None:
        """Return the id of a product, or of the one product of the event."""
        names = ("item", *self.heard.product_names)
        return find((scope,), (*names, "id")) if scope is not None else find(self.heard.what, names)
