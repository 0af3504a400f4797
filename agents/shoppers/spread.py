"""A list that is not all of one kind: categories are favoured by turns, never forced."""

from collections.abc import Sequence

from agents.shoppers.score import Scored


def spread(scored: Sequence[Scored], limit: int, crowding: float, beside: Sequence[Scored] = ()) -> list[Scored]:
    """Pick up to *limit* of *scored*, which are best first, each time the best after the deduction for its category.

    Each item of a category that is in the list already, picked or from *beside*, takes *crowding* from the score of the next one.
    Maximal marginal relevance (Carbonell and Goldstein 1998) with the category as the only likeness.
    """
    queues: dict[str, list[Scored]] = {}
    for one in reversed(scored):
        queues.setdefault(_category(one), []).append(one)
    taken = dict.fromkeys(queues, 0)
    for one in beside:
        if (name := _category(one)) in taken and name:
            taken[name] += 1
    picked: list[Scored] = []
    while queues and len(picked) < limit:
        name = min(queues, key=lambda name: (crowding * taken[name] - queues[name][-1].score, queues[name][-1].item))
        picked.append(queues[name].pop())
        if name:
            taken[name] += 1
        if not queues[name]:
            del queues[name]
    return picked


def _category(one: Scored) -> str:
    """Return the category; items without one do not crowd each other."""
    return one.card.facts.category if one.card.facts is not None else ""
