"""What must never be in a list, however well it scores."""

from agents.shoppers.job import Job
from agents.shoppers.tastes import Taste
from schemas.cards import ItemCard


def allowed(job: Job, taste: Taste, item: str) -> ItemCard | None:
    """Return the card of *item* if it may be listed.

    It must be in stock; what was bought comes again only if one buys it again and again; what the shopper's own review
    complains of does not come.
    """
    card = job.look.offered(item)
    if card is None or item in taste.disliked:
        return None
    if item in job.bought and not (card.facts is not None and card.facts.rebuy):
        return None
    return card
