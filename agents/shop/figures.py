"""What a run of the shop showed, in numbers."""

from collections.abc import Collection, Mapping

import msgspec
import numpy as np

from agents.shop.feed import Feed
from agents.shop.floor import Floor
from agents.shop.groups import Group, z_score
from agents.shop.variety import Variety
from agents.topics import CATALOG, CLICKS, REQUESTS, REVIEWS, SEARCHES

READERS = {
    CLICKS.name: "shoppers",
    SEARCHES.name: "shoppers",
    REQUESTS.name: "shoppers",
    REVIEWS.name: "reviews",
    CATALOG.name: "items",
}
"""Topic to the agent that has to account for its records."""


class Percentiles(msgspec.Struct, frozen=True):
    """In milliseconds; None while nothing was measured."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The report of a run."""

    broker: str
    """`embedded`, or the address."""
    seed: int
    shoppers: int
    events_in: int
    """Records of shoppers."""
    events_lost: int
    """Records, the catalogue's among them, that no agent folded, refused or passed on."""
    catalog_in: int
    """Records of the catalogue."""
    bad_in: int
    """Records of shoppers that were bad on purpose."""
    recommendations: int
    copies: int
    sentiments: int
    dead_letters: int
    events_per_second: float
    duration_s: float
    """From the first event to the last list that covered one."""
    click_to_list_ms: Percentiles
    """From an event that owes a list, sent, to a list that covers it, received."""
    lists_given_up: int
    """How often a shopper went on because no list came."""
    last_lists_stale: int
    """Shoppers whose last list does not cover their last event."""
    ctr_personal: float
    ctr_popular: float
    ctr_shuffled: float
    slots: dict[Group, int]
    """Slots shown to each group."""
    z_personal_popular: float
    z_personal_shuffled: float
    z_shuffled_popular: float
    lists: dict[Group, Variety]
    """Of the lists that each group saw."""

    @property
    def fine(self) -> bool:
        """Whether nothing was lost and no list is stale."""
        return not self.events_lost and not self.last_lists_stale


def lost(produced: Mapping[str, int], counted: Mapping[tuple[str, str], int]) -> int:
    """Return how many records nobody accounts for; *counted*: agent and topic to records that ended there."""
    return sum(max(0, number - counted.get((READERS[topic], topic), 0)) for topic, number in produced.items())


def percentiles(seconds: Collection[float]) -> Percentiles:
    """Return the percentiles of durations."""
    if not seconds:
        return Percentiles()
    return Percentiles(*(round(float(it) * 1000, 1) for it in np.percentile(np.array(seconds), (50, 95, 99))))


def figures(floor: Floor, feed: Feed, *, broker: str, seed: int, events_lost: int) -> Figures:
    """Return the report of a run."""
    with floor.lock:
        tallies = floor.shop.tallies
        duration = max(floor.last_cover, feed.last) - feed.first
        return Figures(
            broker=broker,
            seed=seed,
            shoppers=len(floor.shop.shoppers),
            events_in=feed.events,
            events_lost=events_lost,
            catalog_in=floor.produced[CATALOG.name],
            bad_in=feed.bad,
            recommendations=floor.received.recommendations,
            copies=floor.received.copies,
            sentiments=floor.received.sentiments,
            dead_letters=floor.received.dead_letters,
            events_per_second=round(feed.events / duration, 1) if duration else 0.0,
            duration_s=round(duration, 1),
            click_to_list_ms=percentiles(floor.latencies),
            lists_given_up=floor.waits.given_up,
            last_lists_stale=len(floor.waits.uncovered()),
            ctr_personal=round(tallies["personal"].ctr, 4),
            ctr_popular=round(tallies["popular"].ctr, 4),
            ctr_shuffled=round(tallies["shuffled"].ctr, 4),
            slots={group: tally.slots for group, tally in tallies.items()},
            z_personal_popular=round(z_score(tallies["personal"], tallies["popular"]), 2),
            z_personal_shuffled=round(z_score(tallies["personal"], tallies["shuffled"]), 2),
            z_shuffled_popular=round(z_score(tallies["shuffled"], tallies["popular"]), 2),
            lists={group: seen.variety(len(floor.shop.articles)) for group, seen in floor.shop.seen.items()},
        )


def show(it: Figures) -> str:
    """Return the report for a person."""
    waits = it.click_to_list_ms
    own = it.lists["personal"]
    bad = f" ({it.bad_in:,} bad on purpose)" if it.bad_in else ""
    return f"""\
{it.events_in:,} events{bad} in {it.duration_s:,} s: {it.events_per_second:,}/s; {it.events_lost:,} lost
{it.recommendations:,} lists, {it.copies:,} copies, {it.sentiments:,} reviews judged, {it.dead_letters:,} dead letters
click to list: p50 {waits.p50} ms, p95 {waits.p95} ms, p99 {waits.p99} ms; {it.lists_given_up:,} waited in vain
shoppers whose last list is stale: {it.last_lists_stale:,}
clicks per slot shown: personal {it.ctr_personal:.2%}, popular {it.ctr_popular:.2%}, shuffled {it.ctr_shuffled:.2%}
z: personal over popular {it.z_personal_popular:+}, over shuffled {it.z_personal_shuffled:+}; \
shuffled over popular {it.z_shuffled_popular:+}
personal lists: {own.coverage:.1%} of all items, {own.categories} categories a list, {own.repeated:.1%} of slots seen in the list before, \
{own.explored:.1%} drawn by lot"""
