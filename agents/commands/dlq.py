"""`vitrine dlq`: look at records that could not be used; replay or drop them."""

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import click
import msgspec

from agents.commands import dlq_handling
from agents.deadletters.letter import Letter
from agents.deadletters.mailbox import Mailbox
from agents.deadletters.marks import Marks, Register
from agents.deadletters.options import filtered, filters, places, where
from agents.deadletters.resend import is_folded, routes
from agents.deadletters.selection import Filters, Group, Summary, columns
from agents.deadletters.showing import safe, shown, when
from agents.processor import moment
from agents.replay.log import LogRecord, encode
from agents.replay.terminal import BROKER, JSON, PREFIX, explained, say
from agents.wiring import KINDS
from schemas.dead_letters import Handled


@click.group()
def command() -> None:
    """Look at records that could not be used; replay or drop them.

    A letter is open until it is replayed or dropped.  PLACE is where it lies, as `list --each` prints it:
    dlq.TOPIC/PARTITION/OFFSET, such as dlq.clicks.v1/3/7.

    \b
    Example:
      vitrine dlq list --since 2h
    """  # noqa: D301  click's mark for lines that stay as they are


@command.command(name="list", short_help="Count the open ones by topic, stage, reason and field.")
@filtered
@click.option("--all", "everything", is_flag=True, help="Those that were replayed or dropped, too.")
@click.option("--each", is_flag=True, help="A line a letter.")
@BROKER
@PREFIX
@JSON
def list_(*, everything: bool, each: bool, broker: str | None, prefix: str | None, as_json: bool, **given: Any) -> None:
    """List the open dead letters: how many by topic, stage, reason and field, the most first.

    No keys and no values are printed; `show` does that.  Copies of a letter count once.

    \b
    Example:
      vitrine dlq list --topic clicks.v1 --reason invalid --since 2h
    """  # noqa: D301
    chosen = filters(given)
    mailbox = Mailbox(*where(broker, prefix))
    summary, counts = Summary(), Counter[str]()
    with explained():
        register, _ = mailbox.register()
        for letter, state in _states(mailbox, chosen, register):
            counts[state] += 1
            if state == "open" or everything:
                summary.add(letter)
                if each:
                    click.echo(_line(letter, state, as_json=as_json))
    if each and as_json:
        return
    if as_json:
        click.echo(msgspec.json.encode({**_counts(counts), "groups": [_group(it) for it in summary.groups()]}).decode())
        return
    if not each and summary.letters:
        click.echo("\n".join(_table(summary)))
    rest = counts.total() - counts["open"]
    done = f"; {counts['replayed']:,} replayed, {counts['dropped']:,} dropped{'' if everything else ' (--all)'}"
    filtered_by = " that these filters take" if chosen != Filters() else ""
    say(f"{counts['open']:,} open {'letter' if counts['open'] == 1 else 'letters'}{filtered_by}{done if rest else ''}")


@command.command(short_help="Show all that can be read of one, and what to do.")
@click.argument("place", metavar="PLACE...", nargs=-1, required=True)
@click.option("--full", is_flag=True, help="The whole value, however long.")
@click.option("--raw", is_flag=True, help="Only the bytes of the value, as they came: to mend them in a file.")
@BROKER
@PREFIX
@JSON
def show(
    *, place: tuple[str, ...], full: bool, raw: bool, broker: str | None, prefix: str | None, as_json: bool
) -> None:
    """Show dead letters: place, reason, the part at fault, key, headers, value, and what to do.

    \b
    Example:
      vitrine dlq show dlq.clicks.v1/3/7
    """  # noqa: D301
    wanted = places(place)
    known = routes(KINDS)
    mailbox = Mailbox(*where(broker, prefix))
    with explained():
        letters = list(mailbox.at(wanted))
        _, handled = mailbox.register({letter.identity for letter in letters})
    for number, letter in enumerate(letters):
        if raw:
            sys.stdout.buffer.write(letter.value or b"")
        elif as_json:
            click.echo(_as_json(letter, handled.get(letter.identity)))
        else:
            lines = shown(letter, handled.get(letter.identity), folded=is_folded(letter, known), everything=full)
            click.echo("\n".join(["", *lines] if number else lines))


command.add_command(dlq_handling.replay)
command.add_command(dlq_handling.drop)


def _states(mailbox: Mailbox, chosen: Filters, register: Register) -> Iterator[tuple[Letter, str]]:
    """Yield each letter that is meant, its copies once, and what became of it."""
    seen = Marks()
    for letter in mailbox.letters(chosen.topics):
        identity = letter.identity
        if chosen.take(letter) and identity not in seen:
            seen.add(identity)
            yield letter, register.state(identity)


def _counts(counts: Counter[str]) -> dict[str, int]:
    return {state: counts[state] for state in ("open", "replayed", "dropped")}


def _table(summary: Summary) -> list[str]:
    head = ("letters", "topic", "stage", "reason", "field", "first refused", "last refused", "such as")
    rows = [
        (f"{it.letters:,}", it.topic, it.stage, safe(it.reason), safe(it.field) or "-", when(it.first), when(it.last), it.example)
        for it in summary.groups()
    ]  # fmt: skip
    return columns([head, *rows])


def _group(group: Group) -> dict[str, Any]:
    return msgspec.structs.asdict(group) | {"first": moment(group.first), "last": moment(group.last)}


def _line(letter: Letter, state: str, *, as_json: bool) -> str:
    source, failed = letter.identity
    if as_json:
        told = {"letter": str(letter.place), "state": state, "at": moment(letter.at), "origin": str(source)}
        why = {"stage": letter.stage, "reason": letter.reason, "field": letter.field, "attempt": failed}
        return msgspec.json.encode(told | why).decode()
    words = (str(letter.place), state, when(letter.at), f"from {source}", letter.stage, letter.reason, letter.field)
    return safe("  ".join([*filter(None, words), *([f"attempt {failed}"] if failed > 1 else [])]))


def _as_json(letter: Letter, handled: Handled | None) -> str:
    """Return a letter as JSON; the record in it is a line of `vitrine record`."""
    record = LogRecord(*letter.place, letter.at, letter.key, letter.value, letter.headers)
    told = {
        "letter": str(letter.place),
        "state": handled.action if handled else "open",
        "handled": handled,
        "at": moment(letter.at),
        "origin": str(letter.identity.source),
        "why": letter.why,
        "record": msgspec.Raw(encode(record).strip()),
    }
    return msgspec.json.encode(told).decode()
