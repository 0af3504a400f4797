"""A value that is none of our records, to one: the one way into this package."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from agents.dialects import clicks, flat, ga4, products, segment, snowplow, texts
from agents.dialects.draft import Draft
from agents.dialects.heard import Heard, Ignored
from agents.dialects.names import KINDS
from agents.dialects.reading import DialectError
from agents.topics import CATALOG, CLICKS, IDENTIFIES, REQUESTS, REVIEWS, SEARCHES, Topic

_DIALECTS: tuple[Callable[[Mapping[str, Any]], Heard | Ignored | None], ...] = (snowplow.hear, ga4.hear, segment.hear)

_MEANINGS = {CLICKS: KINDS, SEARCHES: ("search",), REVIEWS: ("review",), IDENTIFIES: ("identify",)}
"""Topic to what an event must mean to belong there."""

_MAKERS: dict[Topic, Callable[[Heard], Draft | Ignored]] = {
    CLICKS: clicks.draft,
    SEARCHES: texts.search,
    REVIEWS: texts.review,
    REQUESTS: texts.request,
    IDENTIFIES: texts.identify,
    CATALOG: products.draft,
}

_MAX_ID = 256


class Translation(NamedTuple):
    """One of our records as plain data, and where its parts come from."""

    value: dict[str, Any]
    places: Mapping[str, str]
    """JSON path in *value* to that in the producer's."""
    id: str | None
    """The producer's name for the event, if it has one of 1 to 256 characters."""

    def place(self, path: str) -> str:
        """Return the place in the producer's value of what stands at *path* in ours."""
        head = path
        while head:
            if head in self.places:
                return self.places[head] + path[len(head) :]
            head = head[: max(head.rfind("."), head.rfind("["), 0)]
        return path


def translates(topic: Topic) -> bool:
    """Tell whether records of *topic* may come in other words than ours."""
    return topic in _MAKERS


def translate(topic: Topic, value: Any) -> Translation | Ignored | None:
    """Return the record of *topic* that *value* means; None if it is one of ours, right or wrong, and nothing else.

    Raise DialectError for an event that is not of this topic, or of none.
    """
    if not isinstance(value, dict):
        return None
    heard = _hear(topic, value)
    if isinstance(heard, Ignored):
        return heard
    wanted = _MEANINGS.get(topic)
    if wanted is not None and heard.meaning is not None and heard.meaning not in wanted and heard.name is not None:
        path, name = heard.name
        right = next(other.name for other, meanings in _MEANINGS.items() if heard.meaning in meanings)
        message = f"{name[:100]!r} belongs on {right}"
        raise DialectError(path, message)
    made = _MAKERS[topic](heard)
    if isinstance(made, Ignored):
        return made
    if not made.changed:
        return None
    name_of_event = heard.id if isinstance(heard.id, str) and 0 < len(heard.id) <= _MAX_ID else None
    return Translation(made.fields, made.places, name_of_event)


def _hear(topic: Topic, value: Mapping[str, Any]) -> Heard | Ignored:
    if topic in _MEANINGS:
        for dialect in _DIALECTS:
            heard = dialect(value)
            if heard is not None:
                return heard
    return flat.hear(value, named=topic == CLICKS, nameless=topic not in _MEANINGS)
