"""Every topic, declared once."""

from typing import Any, Literal

import msgspec

from schemas.cards import ItemCard, ItemVector
from schemas.catalog import CatalogEntry
from schemas.clicks import ClickEvent, Response
from schemas.copy import Copy
from schemas.dead_letters import Handled
from schemas.identifies import Identify, Merge
from schemas.outcomes import Outcome
from schemas.pairs import Pair
from schemas.policies import Policy
from schemas.recommendations import Decision, Recommendations
from schemas.requests import Request
from schemas.reviews import Review
from schemas.searches import Search
from schemas.sentiments import Feedback, Sentiment

Key = Literal["shopper", "item", "item_model", "policy", "letter"]
"""Topics with the same key have equal partition counts."""


class Topic(msgspec.Struct, frozen=True):
    """A topic of this system; a prefix from the settings comes before *name* on the broker."""

    name: str
    record: Any
    """Type of the value, as msgspec decodes it; None: another topic's bytes."""
    key: Key
    about: str = ""
    """What its records say, in one line."""
    compacted: bool = False
    in_order: bool = False
    """Whether its records are functions of one event each, and leave in the order of the events: then a mark for each
    source tells what is repeated (`agents.engine.ledger`)."""

    def __hash__(self) -> int:
        return hash(self.name)


CLICKS = Topic("clicks.v1", ClickEvent, "shopper", "What a shopper does with items, lists and copy.")
SEARCHES = Topic("searches.v1", Search, "shopper", "What a shopper searched for.")
REQUESTS = Topic("requests.v1", Request, "shopper", "A page asks for a list.")
IDENTIFIES = Topic("identifies.v1", Identify, "shopper", "An anonymous visitor became a known shopper.")
REVIEWS = Topic("reviews.v1", Review, "shopper", "What a shopper wrote about an item.")
CATALOG = Topic(
    "catalog.v1", CatalogEntry, "item", "What the shop sells; a tombstone takes an item away.", compacted=True
)
POLICIES = Topic(
    "policies.v1", Policy, "policy", "A rule that merchants set for lists; a tombstone ends it.", compacted=True
)

SENTIMENTS = Topic(
    "sentiments.v1", Sentiment, "shopper", "What a review says, for the profile of its author.", in_order=True
)
MERGES = Topic("merges.v1", Merge, "shopper", "What an anonymous profile hands to the known one, once.")
FEEDBACK = Topic("feedback.v1", Feedback, "item", "What a review says, for its item.", in_order=True)
RESPONSES = Topic(
    "responses.v1",
    Response,
    "shopper",
    "What a shopper did that names the list or the copy it was done with.",
    in_order=True,
)
PAIRS = Topic("pairs.v1", Pair, "item", "An item was seen beside others.", in_order=True)
ITEM_CARDS = Topic(
    "item-cards.v1",
    ItemCard,
    "item",
    "All that is known of an item: facts, counts, neighbours, praise.",
    compacted=True,
)
ITEM_VECTORS = Topic(
    "item-vectors.v1",
    ItemVector,
    "item_model",
    "The text of an item as a vector, for each version of the model.",
    compacted=True,
)
RECOMMENDATIONS = Topic(
    "recommendations.v1",
    Recommendations,
    "shopper",
    "Lists; of two of a shopper and placement, the one with the greater (epoch, revision) is the newer.",
)
COPY = Topic("copy.v1", Copy, "shopper", "Personal words about an item at the top of a list.")
DECISIONS = Topic(
    "decisions.v1", Decision, "shopper", "What a list was made from: candidates, features, scores, propensities."
)
OUTCOMES = Topic(
    "outcomes.v1", Outcome, "shopper", "What became of a list or a copy: what was done, joined to what was shown."
)

REKEY_SHOPPERS = Topic(
    "rekey.shoppers.v1",
    None,
    "shopper",
    "Records of the shopper's topics that stood in another partition, under their right key.",
    in_order=True,
)
REKEY_ITEMS = Topic(
    "rekey.items.v1",
    None,
    "item",
    "Records of the item's topics that stood in another partition, under their right key.",
    in_order=True,
)
REKEY_OUTCOMES = Topic(
    "rekey.outcomes.v1",
    None,
    "shopper",
    "Records of the topics that outcomes are made from that stood in another partition, under their right key.",
    in_order=True,
)

INPUTS = (CLICKS, SEARCHES, REQUESTS, IDENTIFIES, REVIEWS, CATALOG)
"""What a shop tells: events, each folded by an agent."""

PRODUCED = (*INPUTS, POLICIES)
"""What a shop produces; what it sets is folded by nobody, and held whole as a view."""

INTERNAL = (SENTIMENTS, MERGES, RESPONSES, FEEDBACK, PAIRS, ITEM_CARDS, ITEM_VECTORS)
"""What one agent tells another."""

LISTS = (RECOMMENDATIONS, COPY, DECISIONS, OUTCOMES)
"""What storefronts subscribe to, what it was made from, and what became of it."""

REKEYS = (REKEY_SHOPPERS, REKEY_ITEMS, REKEY_OUTCOMES)
"""One for each processor that keeps states: a topic has one reader."""

DEAD_LETTERS = tuple(
    Topic(f"dlq.{topic.name}", None, topic.key, f"Records of {topic.name} that could not be used, as they came.")
    for topic in INPUTS + INTERNAL[:5] + LISTS[:1] + REKEYS
)
"""One for each topic that a worker folds."""

DLQ_HANDLED = Topic(
    "dlq-handled.v1",
    Handled,
    "letter",
    "Which dead letters were replayed or dropped, when and by whom.",
    compacted=True,
)

ALL = (*PRODUCED, *INTERNAL, *LISTS, *REKEYS, *DEAD_LETTERS, DLQ_HANDLED)

BY_NAME = {topic.name: topic for topic in ALL}


def dead_letters(topic: Topic) -> Topic:
    """Return where the bad records of *topic* go."""
    return BY_NAME[f"dlq.{topic.name}"]
