"""An anonymous visitor becomes a known shopper: what was done before goes over, once.

What the visitor did up to the moment of the identification belongs to the shopper, in whatever order the events come:
what is there already goes over at once and leaves the visitor's profile, what comes late follows it.  One thing is not
exact: of two reviews of one item, one on each side of an identification, the earlier may be forgotten with the visitor.
"""

from collections.abc import Mapping
from typing import Any
from zlib import crc32

import msgspec

from agents.processor import Origin, Output, fact_id, moment
from agents.shoppers.profile import (
    BOUGHT,
    KINDS,
    MERGED,
    OPINIONS,
    PURCHASE,
    QUERIES,
    THOUSANDTHS,
    TOUCHES,
    Opined,
    Profile,
    Searched,
    Touched,
    insert,
    keep,
    merged_order,
    speak,
    thousandths,
)
from agents.topics import MERGES
from schemas.identifies import Identify, Merge, Opinion, Query, Touch

_KIND = {name: number for number, name in enumerate(KINDS)}


def hand_over(profile: Profile, event: Identify, at: int, origin: Origin) -> tuple[Output, ...]:
    """Take what was done until *at* out of *profile* and return it as a fact for the shopper; nothing if there is none."""
    if event.shopper == event.anonymous:
        return ()
    if profile.became is None or profile.became < (at, event.shopper):
        profile.became = (at, event.shopper)
    touches = [touch for touch in profile.touches if touch.at <= at]
    queries = [query for query in profile.queries if query.at <= at]
    opinions = {item: opinion for item, opinion in profile.opinions.items() if opinion.at <= at}
    bought = {item: when for item, when in profile.bought.items() if when <= at}
    likes = profile.likes
    if not (touches or queries or opinions or bought or likes):
        return ()
    del profile.touches[: len(touches)]
    del profile.queries[: len(queries)]
    for item in opinions:
        del profile.opinions[item]
    for item in bought:
        del profile.bought[item]
    profile.likes = {}
    known = {(touch.at, touch.item) for touch in touches if touch.kind == PURCHASE}
    purchases = [
        Touch(item=item, kind=KINDS[PURCHASE], at=when) for item, when in bought.items() if (when, item) not in known
    ]
    merge = Merge(
        shopper=event.shopper,
        anonymous=event.anonymous,
        at=moment(at),
        touches=(*sorted(purchases, key=lambda touch: (touch.at, touch.item)), *map(_touch, touches)),
        queries=tuple(Query(text=query.text, at=query.at) for query in queries),
        **_said(opinions),
        likes={name: likes[name] / THOUSANDTHS for name in sorted(likes)},
        language=profile.language[1] if profile.language else None,
    )
    return (_fact(merge, origin),)


def belongs_to(profile: Profile, at: int) -> str | None:
    """Return the shopper whom an event of this visitor belongs to, because it happened before the identification."""
    return profile.became[1] if profile.became is not None and at <= profile.became[0] else None


def follow(shopper: str, anonymous: str, entry: Touched | Searched, origin: Origin) -> Output:
    """Return a touch or a query that came after the identification that it belongs before."""
    merge = Merge(
        shopper=shopper,
        anonymous=anonymous,
        at=moment(entry.at),
        touches=(_touch(entry),) if isinstance(entry, Touched) else (),
        queries=() if isinstance(entry, Touched) else (Query(text=entry.text, at=entry.at),),
    )
    return _fact(merge, origin)


def follow_opinion(shopper: str, anonymous: str, item: str, opinion: Opined, origin: Origin) -> Output:
    """Return an opinion that came after the identification that it belongs before."""
    merge = Merge(
        shopper=shopper,
        anonymous=anonymous,
        at=moment(opinion.at),
        **_said({item: opinion}),
    )
    return _fact(merge, origin)


def take_over(profile: Profile, event: Merge, at: int, origin: Origin) -> None:
    """Add what a visitor did to the shopper's *profile*, each thing once."""
    for touch in event.touches:
        kind, when = _KIND.get(touch.kind), max(0, min(touch.at, at))
        if kind is None:
            continue
        entry = Touched(when, merged_order(event.anonymous, f"{touch.kind}\n{touch.item}"), touch.item, kind)
        if entry not in profile.touches:
            insert(profile.touches, entry, TOUCHES)
        if kind == PURCHASE:
            keep(profile.bought, touch.item, when, BOUGHT)
    for query in event.queries:
        search = Searched(max(0, min(query.at, at)), merged_order(event.anonymous, query.text), query.text)
        if search not in profile.queries:
            insert(profile.queries, search, QUERIES)
    for opinion in event.opinions:
        said = event.aspects.get(opinion.item, {})
        aspects = tuple(sorted((name, thousandths(polarity)) for name, polarity in said.items()))
        opined = Opined(max(0, min(opinion.at, at)), thousandths(opinion.polarity), aspects)
        keep(profile.opinions, opinion.item, opined, OPINIONS)
    speak(profile, 0, event.language)
    mark = (at, origin.id or event.anonymous)
    if event.likes and mark not in profile.merged:
        insert(profile.merged, mark, MERGED)
        for name, polarity in event.likes.items():
            profile.likes[name] = profile.likes.get(name, 0) + thousandths(polarity)


def _touch(touch: Touched) -> Touch:
    return Touch(item=touch.item, kind=KINDS[touch.kind], at=touch.at)


def _said(opinions: Mapping[str, Opined]) -> dict[str, Any]:
    """Return *opinions* as the fields of a merge."""
    return {
        "opinions": tuple(
            Opinion(item=item, polarity=opinion.polarity / THOUSANDTHS, at=opinion.at)
            for item, opinion in sorted(opinions.items())
        ),
        "aspects": {
            item: {name: polarity / THOUSANDTHS for name, polarity in opinion.aspects}
            for item, opinion in sorted(opinions.items())
            if opinion.aspects
        },
    }


def _fact(merge: Merge, origin: Origin) -> Output:
    """Return the merge under an id of its content too: after a crash, more may have been done before an identification."""
    number = crc32(msgspec.json.encode(merge))
    return Output(MERGES, merge.shopper, merge, fact_id(origin, "merge", number), merge.at)
