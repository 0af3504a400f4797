"""The lists that storefronts subscribe to (topics `recommendations` and `decisions`, key: shopper)."""

from typing import Literal

from schemas.base import At, Id, Localized, Record, Share


class Reason(Record, frozen=True, kw_only=True):
    """Why an item is in its slot; true, and fit for a shopper's eyes."""

    code: str
    text: Localized
    about: str = ""
    """The item, query, category or aspect that the reason names."""


DRAWN = 0.5
"""A slot with a smaller propensity went to an item that only the lot could put there."""


class Slot(Record, frozen=True, kw_only=True):
    """One place of a list."""

    item: Id
    score: float
    source: str
    """What brought the item in: search, recent, next, together, interest, category, trending, new, pin, request."""
    propensity: Share
    """How likely the item was to be in this slot."""
    reason: Reason


class Recommendations(Record, frozen=True, kw_only=True):
    """One list; of two, the one with the greater (epoch, revision) is the newer."""

    recommendation_id: Id
    shopper: Id
    placement: Id
    epoch: int
    revision: int
    """Events folded into the profile that the list was made from."""
    at: At
    """The newest event in that profile."""
    valid_until: At
    slots: tuple[Slot, ...]
    models: dict[str, str]
    """Model to version."""
    view: int
    """Version of the item view."""
    request_id: Id | None = None


class Candidate(Record, frozen=True, kw_only=True):
    """One item that was considered, and what was known of it."""

    item: str
    source: str
    score: float
    features: dict[str, float]
    slot: int | None = None
    propensity: Share | None = None


class KeptOut(Record, frozen=True, kw_only=True):
    """One item that a policy kept out of a list."""

    item: str
    policy: str
    kind: Literal["hide", "only", "cap"]
    """What the policy does."""


class Decision(Record, frozen=True, kw_only=True):
    """What a list was made from."""

    recommendation_id: Id
    shopper: Id
    placement: Id
    epoch: int
    revision: int
    at: At
    models: dict[str, str]
    view: int
    candidates: tuple[Candidate, ...]
    request_id: Id | None = None
    weights: dict[str, float] = {}
    """What each feature counted: a score is the sum of its features, each times its weight, rounded to six digits."""
    kept_out: tuple[KeptOut, ...] = ()
    """Items that might have been considered but for a policy; of each kind those that came first."""
