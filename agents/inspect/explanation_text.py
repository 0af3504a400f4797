"""An explanation as a person reads it."""

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from agents.inspect.contributions import Contribution
from agents.inspect.explanation import Explanation, Item
from agents.inspect.safe import safe
from schemas.copy import Copy

BAR = 24
"""Columns of the longest bar."""
_WHOLE, _LESS = "█", "▒"


def told(it: Explanation) -> Iterator[RenderableType]:
    """Yield what to print."""
    made = it.list
    yield Text.assemble(
        (safe(made.shopper), "bold"),
        f"  placement {safe(made.placement)}, epoch {made.epoch}, revision {made.revision}, made of events up to "
        f"{made.at:%Y-%m-%d %H:%M:%S} UTC, valid until {made.valid_until:%H:%M:%S}"
        + (f", asked by request {safe(made.request_id)}" if made.request_id else ""),
    )
    versions = ", ".join(f"{name} {version}" for name, version in made.models.items())
    yield Text(safe(f"list {made.recommendation_id}, made with {versions}, item view {made.view}"), "dim")
    if it.events:
        yield Text("\nWhat led here", "bold")
        for event in it.events:
            yield Text.assemble(
                (f"  {event.at:%H:%M:%S}  {event.topic.partition('.')[0]:<10}", "dim"), safe(event.words)
            )
    yield Text("\nThe list", "bold")
    longest = max((abs(part.points) for one in (*it.items, *it.next) for part in one.contributions), default=0.0) or 1.0
    for one in it.items:
        yield from _slot(one, it.titles, longest)
    if not it.items:
        yield Text("  is empty: no item may be listed")
    if it.next:
        yield Text(f"\nConsidered and not chosen: {it.considered - len(it.items):,} more, the best of them", "bold")
        yield _others(it.next, it.titles)
    if it.verdict is not None:
        yield Text.assemble("\n", (_name(it.verdict.item, it.titles), "bold"), f" {safe(it.verdict.words)}")
        if it.verdict.details is not None and it.verdict.details.place is None:
            yield _bars(it.verdict.details.contributions, longest)
    yield Text()
    yield _check(it)


def _slot(one: Item, titles: Mapping[str, str], longest: float) -> Iterator[RenderableType]:
    lot = ", drawn by lot" if one.by_lot else ""
    moved = "" if one.rank == one.place else f", rank {one.rank} by score"
    yield Text.assemble(
        (f"{one.place:>3}  ", "cyan"),
        (_name(one.item, titles), "bold"),
        (f"  score {one.score:.4f}, from {safe(one.source)}, propensity {one.propensity:g}{moved}{lot}", "dim"),
    )
    reason = one.reason.get("en") or next(iter(one.reason.values()), "")
    if reason:
        yield Text(f"     {safe(reason)}", "green")
    if one.contributions:
        yield _bars(one.contributions, longest)
    if one.copy is not None:
        yield from _copy(one.copy)


def _bars(parts: tuple[Contribution, ...], longest: float) -> Table:
    table = _table()
    table.add_column(justify="left")
    table.add_column(justify="right")
    table.add_column(justify="left")
    table.add_column(justify="left", style="dim")
    for part in parts:
        length = round(BAR * abs(part.points) / longest)
        bar = Text((_WHOLE if part.points > 0 else _LESS) * length, "green" if part.points > 0 else "red")
        table.add_row("    ", part.feature, f"{part.points:+.4f}", bar, f"{part.value:g} x {part.weight:g}")
    return table


def _copy(copy: Copy) -> Iterator[Text]:
    for language, text in copy.text.items():
        yield Text(f"     {language} “{safe(text)}”", "magenta")
    for claim in copy.claims:
        said = claim.text.get("en") or next(iter(claim.text.values()), "")
        yield Text(f"        “{safe(said)}” rests on {safe(claim.fact)} = {safe(claim.value)}", "dim")


def _others(items: tuple[Item, ...], titles: Mapping[str, str]) -> Table:
    table = _table(header=True)
    table.add_column("rank", justify="right")
    table.add_column("item")
    table.add_column("score", justify="right")
    table.add_column("from")
    table.add_column("because of")
    for one in items:
        parts = ", ".join(f"{part.feature} {part.points:+.2f}" for part in one.contributions[:3])
        table.add_row("  ", str(one.rank), _name(one.item, titles), f"{one.score:.4f}", one.source, parts)
    return table


def _check(it: Explanation) -> Text:
    if it.problem:
        return Text(f"Not checked: {safe(it.problem)}.", "red")
    if it.wrong:
        wrong = [one for one in (*it.items, *it.next) if one.item in it.wrong]
        told = "; ".join(f"{one.item} says {one.score}, its parts give {one.recomputed}" for one in wrong[:3])
        return Text(
            safe(f"Wrong: {len(it.wrong)} of {it.considered} scores are not the sum of their parts: {told}"), "red"
        )
    return Text(
        f"Checked: each of the {it.considered} scores is the sum of its parts, made anew from the record.", "green"
    )


def _table(*, header: bool = False) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", show_header=header)
    table.add_column("")
    return table


def _name(item: str, titles: Mapping[str, str]) -> str:
    return safe(f"{titles[item]} ({item})" if item in titles else item)
