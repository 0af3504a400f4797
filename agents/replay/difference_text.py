"""A difference as a person reads it."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from agents.inspect.safe import safe
from agents.replay.difference import MOVERS, Difference, Tally
from agents.replay.lists_moved import Example, Moved, Place, places
from agents.replay.texts_changed import words_changed

_STYLES = {"same": "", "gone": "red strike", "came": "green bold"}
_MARKS = {"same": "{}", "gone": "[-{}-]", "came": "{{+{}+}}"}
"""As `git diff --word-diff` writes them, so that nothing is lost without colours."""

_FEATURES = 2
"""Features named for an item that moved."""


def told(difference: Difference, old: str, new: str) -> Iterator[RenderableType]:
    """Yield what to print about two logs called *old* and *new*."""
    yield Text(f"old: {old}\nnew: {new}")
    yield from (Text(f"careful: {warning}", "yellow") for warning in difference.warnings())
    yield from _causes(difference)
    yield Text()
    yield _topics(difference.topics)
    yield from _fields(difference)
    if difference.equal:
        records = sum(tally.equal for tally in difference.topics.values())
        yield Text(
            f"\nNo difference: all {records:,} records are the same." if records else "\nThere is nothing in them."
        )
        return
    yield from _lists(difference)
    yield from _copies(difference)
    yield from _sentiments(difference)


def _causes(difference: Difference) -> Iterator[Text]:
    """Say which versions and weights the two were made with, where these differ."""
    if difference.versions:
        changes = {model: f"{old} → {new}" for model, old, new in sorted(difference.versions)}
        yield Text("made with: " + ", ".join(f"{model} {change}" for model, change in changes.items()))
    if difference.weights:
        changes = {name: f"{_number(old)} → {_number(new)}" for name, (old, new) in difference.weights.items()}
        yield Text("weights: " + ", ".join(f"{name} {change}" for name, change in changes.items()))


def _topics(topics: Mapping[str, Tally]) -> Table:
    table = _table("topic", "equal", "changed", "only old", "only new", right=(1, 2, 3, 4))
    for name, it in sorted(topics.items(), key=lambda pair: (not pair[1].differs, pair[0])):
        counts = [f"{count:,}" if count else "·" for count in (it.equal, it.changed, it.only_old, it.only_new)]
        table.add_row(name, *counts, style="" if it.differs else "dim")
    return table


def _fields(difference: Difference) -> Iterator[RenderableType]:
    named = {topic: counts for topic, counts in sorted(difference.fields.items()) if counts}
    if named:
        yield Text("\nFields that changed", "bold")
        table = _table("", "")
        for topic, counts in named.items():
            table.add_row(topic, ", ".join(f"{name} {count:,}" for name, count in counts.most_common()))
        yield table


def _lists(difference: Difference) -> Iterator[RenderableType]:
    lists, tally = difference.lists, difference.topics.get("recommendations.v1")
    if tally is None or not tally.changed:
        return
    both = tally.equal + tally.changed
    yield Text(f"\nLists: {both:,} are in both", "bold")
    table = _table("", "", right=(1,))
    table.add_row("other items, or another order", _share(lists.reordered, both))
    if lists.reordered:
        first, overlap = _share(lists.first_changed, both), lists.overlap / lists.reordered
        table.add_row("  of these, the first item is another one", first)
        table.add_row("  of these, items in common among the first 10", f"{overlap:.0%}")
        if lists.stayed:
            table.add_row("  of these, an item that stayed moved by", f"{lists.steps / lists.stayed:.1f} places")
    table.add_row("same order, but other scores or reasons", _share(lists.rescored, both))
    table.add_row("same list", _share(both - lists.reordered - lists.rescored, both))
    yield table
    if not lists.reordered and not lists.rescored:
        return
    summary = lists.summary(0)
    yield Text("\nSlots in the lists that changed", "bold")
    table = _table("", "")
    for name in ("sources", "reasons"):
        changes = sorted(summary[name].items(), key=lambda pair: (-max(pair[1].values()), pair[0]))
        table.add_row(name, ", ".join(f"{it} {n['before']:,} → {n['after']:,}" for it, n in changes))
    table.add_row("items", f"{summary['items']['before']:,} different ones → {summary['items']['after']:,}")
    yield table
    yield from _movers(difference)
    for example in lists.examples:
        yield from _example(example, difference.titles)
    rest = lists.reordered - len(lists.examples)
    if rest > 0:
        yield Text(f"\n… and {rest:,} more lists in another order: --limit shows more", "dim")


def _movers(difference: Difference) -> Iterator[RenderableType]:
    for heading, found in zip(("gained", "lost"), difference.lists.movers(MOVERS), strict=True):
        if found:
            yield Text(f"\nItems that {heading} most", "bold")
            table = _table("item", "in lists", "places", right=(1, 2))
            for item, it in found:
                table.add_row(_title(item, difference.titles), _lists_of(it), f"{it.places:+,}")
            yield table


def _example(example: Example, titles: Mapping[str, str]) -> Iterator[RenderableType]:
    old, new = example.old, example.new
    found = places(old.slots, new.slots)
    stayed = sum(place.before is not None and place.after is not None for place in found)
    asked = f", asked by {new.request_id}" if new.request_id else ""
    where = safe(f"placement {new.placement}, revision {new.revision}{asked}, {new.at:%Y-%m-%d %H:%M:%S}")
    yield Text.assemble(
        "\n", (safe(new.shopper), "bold"), f"  {where}: {stayed} of {len(old.slots)} items stayed", overflow="fold"
    )
    table = _table("place", "was", "item", "score", "by", "reason now", right=(0, 1))
    for place in found:
        if place.after is not None and place.new is not None:
            reason = safe(place.new.reason.text.get("en") or place.new.reason.code)
            item, by = _title(place.item, titles), _by(example, place.item)
            table.add_row(str(place.after + 1), _was(place), item, _scores(place), by, reason)
    for place in found:
        if place.after is None and place.before is not None:
            item, by = _title(place.item, titles), _by(example, place.item)
            table.add_row("out", str(place.before + 1), item, _scores(place), by, style="red")
    yield table


def _copies(difference: Difference) -> Iterator[RenderableType]:
    copies, tally = difference.copies, difference.topics.get("copy.v1")
    if tally is None or not tally.differs:
        return
    both = tally.equal + tally.changed
    yield Text(f"\nCopies: {both:,} are in both; {copies.changed:,} of them have another text", "bold")
    if tally.only_old or tally.only_new:
        yield Text("Copies that only one has are about items that only its list has at the top.", "dim")
    for old, new in copies.examples:
        yield Text(f"{safe(new.shopper)}, {_title(new.item, difference.titles)}", "dim")
        for language in sorted(old.text.keys() | new.text.keys()):
            before, after = old.text.get(language, ""), new.text.get(language, "")
            if before != after:
                yield Text.assemble(
                    f"  {language}  ",
                    *(
                        (_MARKS[kind].format(safe(words)), _STYLES[kind])
                        for kind, words in words_changed(before, after)
                    ),
                )


def _sentiments(difference: Difference) -> Iterator[RenderableType]:
    it = difference.sentiments
    if not it.changed and not it.labels:
        return
    moved = f", by {it.distance / it.changed:.3f} on average" if it.changed else ""
    yield Text(f"\nReviews: {it.changed:,} have another polarity{moved}", "bold")
    for (old, new), count in sorted(it.labels.items()):
        yield Text(f"  {old} → {new}: {count:,}")
    if it.examples:
        table = _table("review", "item", "polarity", "label")
        for old_one, new_one in it.examples:
            label = old_one.label if old_one.label == new_one.label else f"{old_one.label} → {new_one.label}"
            polarity = f"{old_one.polarity:+.2f} → {new_one.polarity:+.2f}"
            table.add_row(safe(old_one.review_id), _title(old_one.item, difference.titles), polarity, label)
        yield table


def _table(*headings: str, right: tuple[int, ...] = ()) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_header=any(headings))
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in right else "left", overflow="fold")
    return table


def _was(place: Place) -> Text:
    if place.before is None or place.after is None:
        return Text("new", "green")
    if place.before == place.after:
        return Text("=", "dim")
    return Text(str(place.before + 1), "green" if place.before > place.after else "red")


def _scores(place: Place) -> str:
    old, new = (slot and f"{slot.score:.3f}" for slot in (place.old, place.new))
    return str(new) if old in {None, new} else str(old) if new is None else f"{old} → {new}"


def _by(example: Example, item: str) -> str:
    """Say which features moved the score most."""
    return ", ".join(f"{name} {by:+.2f}" for name, by in example.why.get(item, ())[:_FEATURES])


def _lists_of(it: Moved) -> str:
    return f"{it.lists_before:,} → {it.lists_after:,}"


def _title(item: str, titles: Mapping[str, str]) -> str:
    return safe(f"{titles[item]} ({item})" if item in titles else item)


def _share(count: int, of: int) -> str:
    return f"{count:,} ({count / of:.0%})" if of else str(count)


def _number(value: Any) -> str:
    return "none" if value is None else f"{value:g}"
