"""Why an item is in its slot: the part of its score that counts most, and that can be said truly and in decent words."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from agents.shoppers.candidates import Signals
from agents.shoppers.job import Job
from agents.shoppers.score import Scored
from agents.shoppers.shelf import NEW, seen
from agents.shoppers.tastes import Taste
from agents.shoppers.vectors import nearness
from agents.sources import PIN
from models.search.match import FAINT
from schemas.base import Language, Localized
from schemas.recommendations import Reason

LANGUAGES: tuple[Language, ...] = ("en", "zh")
REPEATED = 0.7
"""What is left of a reason's strength each time that it was given in the list."""
NAMED = 60
"""Characters of a title or a query in a reason."""
POPULAR = 0.5
"""Share of the greatest popularity from which an item is called popular."""
WORDS_MATCH = 0.5
"""Share of a query's words that an item must have to be called found by it."""
SENSE_MATCHES = 0.5
"""Cosine that does as well."""
PRAISED = 2
"""Praising reviews of an aspect that it takes to say so."""

_ABOUT: dict[str, Localized] = {
    "search": {"en": "Because you searched for “{}”", "zh": "因为你搜索过“{}”"},
    "together": {"en": "Often seen together with {}", "zh": "常与“{}”一起浏览"},
    "interest": {"en": "Similar to {}, which you looked at", "zh": "与你看过的“{}”相似"},
    "category": {"en": "From {}, where you looked around", "zh": "来自你逛过的“{}”"},
    "brand": {"en": "From {}, a brand you looked at", "zh": "来自你看过的品牌“{}”"},
    "praised": {"en": "Buyers praise {}", "zh": "买家称赞{}"},
}
_PLAIN: dict[str, Localized] = {
    "next": {"en": "Picked by what you looked at", "zh": "根据你看过的商品挑选"},
    "recent": {"en": "You looked at this before", "zh": "你之前看过"},
    "together": {"en": "Often seen together with what you looked at", "zh": "常与你看过的商品一起浏览"},
    "popular": {"en": "Popular right now", "zh": "近期热门"},
    "new": {"en": "Few have seen this yet", "zh": "看过的人还不多"},
    "available": {"en": "Available now", "zh": "现在有货"},
    "seen": {"en": "Others looked at this", "zh": "其他人看过"},
    "featured": {"en": "Featured by the shop", "zh": "店铺推荐"},
}
_ASPECTS: dict[str, Localized] = {
    "quality": {"en": "its quality", "zh": "质量"},
    "fit": {"en": "its fit", "zh": "合身"},
    "price": {"en": "its price", "zh": "价格"},
    "delivery": {"en": "the delivery", "zh": "物流"},
    "packaging": {"en": "the packaging", "zh": "包装"},
    "service": {"en": "the service", "zh": "服务"},
    "looks": {"en": "its looks", "zh": "外观"},
    "function": {"en": "how well it works", "zh": "功能"},
}


class _Case(NamedTuple):
    """All that a reason may rest on."""

    job: Job
    taste: Taste
    signals: Signals
    scored: Scored


def reasons_for(
    job: Job, taste: Taste, signals: Signals, chosen: Sequence[Scored], weights: Mapping[str, float]
) -> list[Reason]:
    """Return the strongest true reason of each item; one that was given before in the list counts less each time."""
    given: Counter[str] = Counter()
    reasons = []
    for scored in chosen:
        reason = _reason(_Case(job, taste, signals, scored), given, weights)
        given[reason.code] += 1
        reasons.append(reason)
    return reasons


def _reason(case: _Case, given: Counter[str], weights: Mapping[str, float]) -> Reason:
    if case.scored.source == PIN:
        return Reason(code="featured", text=_PLAIN["featured"])
    strengths = {name: weights[name] * value for name, value in case.scored.features.items() if name in _REASONS}
    if "category" in strengths:
        strengths["category"] -= weights["category"] * case.taste.category("")
    told = ((-strength * REPEATED ** given[name], name) for name, strength in strengths.items() if strength > 0)
    for _, name in sorted(told):
        reason = _REASONS[name](case)
        if reason is not None:
            return reason
    return _fallback(case.scored)


def _searched(case: _Case) -> Reason | None:
    """Name the newest query that the item matches."""
    query = matched_query(case.job, case.signals, case.scored.item)
    return _about("search", query, dict.fromkeys(LANGUAGES, query)) if query else None


def matched_query(job: Job, signals: Signals, item: str) -> str:
    """Return the newest query that *item* matches, by its words or by its sense; empty if there is none."""
    row = job.look.vectors.row(item)
    for query, found in zip(reversed(job.queries), signals.searches, strict=False):
        near = float(nearness(found.products[[row]])[0]) if row is not None else 0.0
        if job.look.lexicon.match(found.wanted, item) >= WORDS_MATCH or near >= SENSE_MATCHES:
            return query.text
    return ""


def _next(case: _Case) -> Reason | None:
    """Say that what was touched led to it, unless it was touched itself."""
    touched = case.scored.item in case.taste.recent
    return None if touched else Reason(code="next", text=_PLAIN["next"])


def _recent(case: _Case) -> Reason:
    del case
    return Reason(code="recent", text=_PLAIN["recent"])


def _together(case: _Case) -> Reason | None:
    """Name the item touched last that this one is met beside."""
    for item in case.taste.recent:
        card = case.job.look.cards.get(item)
        if card is not None and any(neighbour.item == case.scored.item for neighbour in card.neighbours):
            nameless = Reason(code="together", text=_PLAIN["together"], about=item)
            return _about("together", item, _title(case.job, item)) or nameless
    return None


def _similar(case: _Case) -> Reason | None:
    """Name the touched item whose text is nearest."""
    vectors = case.job.look.vectors
    row = vectors.row(case.scored.item)
    others = {item: vectors.row(item) for item in case.taste.recent if item != case.scored.item}
    rows = {item: number for item, number in others.items() if number is not None}
    if row is None or not rows:
        return None
    near = nearness(vectors.matrix[list(rows.values())] @ vectors.matrix[row])
    best, item = min((-float(value), name) for name, value in zip(rows, near, strict=True))
    return _about("interest", item, _title(case.job, item)) if -best >= FAINT else None


def _category(case: _Case) -> Reason | None:
    facts = case.scored.card.facts
    if facts is None or not any(
        card is not None and card.facts is not None and card.facts.category == facts.category
        for card in (case.job.look.cards.get(touch.item) for touch in case.job.touches)
    ):
        return None
    return _about("category", facts.category, facts.category_name)


def _brand(case: _Case) -> Reason | None:
    facts = case.scored.card.facts
    return None if facts is None else _about("brand", facts.brand, dict.fromkeys(LANGUAGES, facts.brand))


def _popular(case: _Case) -> Reason | None:
    hot = case.job.look.hottest
    card = case.scored.card
    if not hot or seen(card) < NEW or case.job.look.heat(card) < POPULAR * hot:
        return None
    return Reason(code="popular", text=_PLAIN["popular"])


def _praised(case: _Case) -> Reason | None:
    """Name the aspect that is praised most, those first that the shopper praises too."""
    praised = sorted(
        (-case.taste.aspects.get(name, 0.0), praise.negative - praise.positive, name)
        for name, praise in case.scored.card.aspects.items()
        if name in _ASPECTS and praise.positive >= PRAISED and praise.positive > 2 * praise.negative
    )
    return _about("praised", praised[0][2], _ASPECTS[praised[0][2]]) if praised else None


def _fallback(scored: Scored) -> Reason:
    """Return what can be said without knowing anything of the shopper."""
    card = scored.card
    code = "seen" if card.facts is None else "new" if seen(card) < NEW else "available"
    return Reason(code=code, text=_PLAIN[code])


_REASONS: dict[str, Callable[[_Case], Reason | None]] = {
    "interest": _similar,
    "next": _next,
    "recent": _recent,
    "together": _together,
    "search": _searched,
    "category": _category,
    "brand": _brand,
    "popular": _popular,
    "praised": _praised,
    "aspects": _praised,
}


def _about(code: str, about: str, names: Localized) -> Reason | None:
    """Return the reason with a name in it, in another language where it has none in the reader's; None without a name."""
    known = next((names[language] for language in LANGUAGES if names.get(language)), "")
    if not known:
        return None
    text: Localized = {
        language: _ABOUT[code][language].format(_short(names.get(language) or known)) for language in LANGUAGES
    }
    return Reason(code=code, text=text, about=about)


def _title(job: Job, item: str) -> Localized:
    card = job.look.cards.get(item)
    return card.facts.title if card is not None and card.facts is not None else {}


def _short(name: str) -> str:
    return name if len(name) <= NAMED else f"{name[:NAMED].rstrip()}…"
