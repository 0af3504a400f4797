"""Searches, reviews, requests and identifications, as our records."""

from agents.dialects.draft import AT, LANGUAGE, SHOPPER, Draft
from agents.dialects.heard import Heard, Ignored
from agents.dialects.reading import Found, as_count, as_id, as_ids, as_query, as_stars

_KNOWN = ("shopper", "userId", "user_id")
_ANONYMOUS = (
    "anonymous", "previousId", "anonymousId", "anonymous_id", "user_pseudo_id", "client_id", "domain_userid",
    "network_userid",
)  # fmt: skip


def search(heard: Heard) -> Draft:
    """Return a search."""
    made = Draft(heard)
    made.event()
    made.take("query", ("query", "search_term", "terms"), as_query, empty=True)
    return made


def review(heard: Heard) -> Draft:
    """Return a review; one without an id has that of its event."""
    made = Draft(heard)
    made.take("shopper", SHOPPER, as_id, who=True)
    made.take("at", AT, heard.time, who=True)
    made.take("language", LANGUAGE)
    if made.take("review_id", ("review_id", "reviewId"), as_id) is None and isinstance(heard.id, str):
        made.put("review_id", Found("$.messageId", heard.id), heard.id)
    found = made.product(heard.products[0] if heard.products else None)
    if found is not None:
        made.put("item", found, found.value if found.path == "$.item" else as_id(found.value))
    elif "item" in heard.asked_for:
        made.places["$.item"] = heard.asked_for["item"]
    made.take("text", ("text", "review_body", "reviewBody"))
    made.take("title", ("title", "review_title", "headline"))
    made.take("stars", ("stars", "rating", "reviewRating", "ratingValue"), as_stars)
    return made


def request(heard: Heard) -> Draft:
    """Return what a page asks for."""
    made = Draft(heard)
    made.take("shopper", SHOPPER, as_id, who=True)
    made.take("at", AT, heard.time, who=True)
    made.take("language", LANGUAGE)
    made.take("request_id", ("request_id", "requestId"), as_id)
    made.take("placement", ("placement",))
    made.take("limit", ("limit", "num", "size"), as_count)
    made.take("candidates", ("candidates", "item_ids", "product_ids"), as_ids)
    return made


def identify(heard: Heard) -> Draft | Ignored:
    """Return who became whom; a call that names only one of them tells nothing."""
    made = Draft(heard)
    known = made.take("shopper", _KNOWN, as_id, who=True)
    anonymous = made.take("anonymous", _ANONYMOUS, as_id, who=True)
    made.take("at", AT, heard.time, who=True)
    if not heard.own and (known is None or anonymous is None):
        return Ignored(heard.name[1] if heard.name else "identify")
    return made
