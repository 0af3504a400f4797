"""The card of an item, as every worker will hold it."""

from agents.items.fold import HEAT_HALF_LIFE_MS, NEIGHBOUR_HALF_LIFE_MS
from agents.items.state import Item
from agents.processor import moment
from schemas.cards import ItemCard, Neighbour, Praise

NEIGHBOURS = 20
"""How many neighbours a card names."""

_PLACES = 4


def card(state: Item) -> ItemCard | None:
    """Return the card; None if there is nothing to say: no facts, and nothing was ever done with the item."""
    if state.facts is None and not (state.heat.sums or state.neighbours.weights or state.reviews):
        return None
    return ItemCard(
        item=state.item,
        revision=state.revision,
        at=moment(state.at),
        facts=state.facts,
        views=state.views,
        clicks=state.clicks,
        carts=state.carts,
        purchases=state.purchases,
        heat=round(state.heat.value(state.at, HEAT_HALF_LIFE_MS), _PLACES),
        neighbours=_neighbours(state),
        reviews=state.reviews,
        polarity=round(state.polarity / 10_000 / state.reviews, _PLACES) if state.reviews else 0.0,
        aspects={
            name: Praise(positive=opinions.positive, negative=opinions.negative, quote=opinions.quote)
            for name, opinions in sorted(state.aspects.items())
        },
    )


def _neighbours(state: Item) -> tuple[Neighbour, ...]:
    found = state.neighbours.top(NEIGHBOURS + 1, state.at, NEIGHBOUR_HALF_LIFE_MS)
    rounded = ((other, round(weight, _PLACES)) for other, weight in found if other != state.item)
    return tuple(Neighbour(item=other, weight=weight) for other, weight in rounded if weight)[:NEIGHBOURS]
