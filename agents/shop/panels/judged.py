"""The newest reviews, as the sentiment model judged them."""

from collections.abc import Iterable

from agents.shop.panels.ink import BAD, GOOD, MARK, STRONG, Lines, line
from agents.shop.shop import Shop
from agents.shop.tale import localized
from schemas.sentiments import Sentiment

_COLOURS = {"positive": GOOD, "neutral": MARK, "negative": BAD}


def judged(
    reviews: Iterable[Sentiment], shop: Shop, height: int, *, airy: bool = False, meanwhile: Lines | None = None
) -> Lines:
    """Return a line for each review, the newest first; *airy*: what is said stands in a line below.

    While there is none, *meanwhile* stands below a line that says so.
    """
    lines: Lines = []
    for it in reviews:
        if len(lines) + 1 + airy > height:
            break
        lines += _review(it, shop, airy=airy)
    return (
        lines
        or [line("No review yet: who buys something writes about it on the next visit."), *(meanwhile or [])][:height]
    )


def _review(it: Sentiment, shop: Shop, *, airy: bool) -> Lines:
    article = shop.article(it.item)
    title = localized(article.facts.title, "en") if article else it.item
    said = "; ".join(f"{aspect.name} {aspect.polarity:+.1f} “{aspect.quote}”" for aspect in it.aspects)
    head = line((f"{it.polarity:+.2f} ", f"{STRONG} {_COLOURS[it.label]}"), (title, STRONG))
    return [head, line("      ", said)] if airy else [line(head, "  ", said)]
