"""`vitrine dlq replay` and `vitrine dlq drop`: what changes something."""

import getpass
import itertools
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any

import click
import msgspec

from agents.deadletters.document import parsed
from agents.deadletters.letter import Letter
from agents.deadletters.mailbox import PART, Deed, Desk, Mailbox
from agents.deadletters.marks import Marks, Register
from agents.deadletters.options import filtered, filters, places, where
from agents.deadletters.resend import Mending, Route, Unfit, resend, routes
from agents.deadletters.selection import Filters
from agents.deadletters.showing import safe
from agents.replay.terminal import BROKER, JSON, PREFIX, UnusableError, explained, report, say
from agents.wiring import KINDS

_PLACES = click.argument("place", metavar="[PLACE]...", nargs=-1)
_OPEN = click.option("--open", "all_open", is_flag=True, help="All that are open.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only say what would be done.")
_LIMIT = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N letters.")


@click.command(short_help="Send their records again, mended or as they are.")
@_PLACES
@filtered
@_OPEN
@_LIMIT
@click.option("--value", type=click.File("rb"), metavar="FILE", help="The whole value anew, of one letter; - is stdin.")
@click.option("--key", metavar="KEY", help="The key anew, of one letter.")
@click.option("--set", "put", multiple=True, metavar="FIELD=JSON", help="Set a field of the event: quantity=1.")
@click.option("--unset", multiple=True, metavar="FIELD", help="Take a field out of the event.")
@click.option("--unset-header", multiple=True, metavar="NAME", help="Leave a header out.")
@click.option("--anyway", is_flag=True, help="Send even what this version can't read.")
@_DRY_RUN
@BROKER
@PREFIX
@JSON
def replay(
    *,
    place: tuple[str, ...],
    all_open: bool,
    limit: int | None,
    anyway: bool,
    dry_run: bool,
    broker: str | None,
    prefix: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Send the records of open dead letters again, mended or as they are.

    A record that was never folded is folded once, at the place where it first stood.  Of one that is folded already (stage
    score), only the missing list, card or vector is made.  What is sent and the note that it was are written in one
    transaction, so that no letter is sent twice, even if this command is killed or run twice at once.  A letter that
    could not be read again is left as it is (exit code 1).

    \b
    Examples:
      vitrine dlq replay dlq.clicks.v1/3/7 --set quantity=1
      vitrine dlq replay --topic clicks.v1 --field '$.language' --unset language
      vitrine dlq replay --reason unscored
    """  # noqa: D301
    mending = _mending(given, places_given=len(place))
    meant = _Meant(place, filters(given), all_open=all_open)
    handling = _Handling(*where(broker, prefix), meant, limit)
    known = routes(KINDS)
    with explained():
        result = handling.replay(known, mending, anyway=anyway, dry_run=dry_run)
    report(result, as_json=as_json)
    if result["left"]:
        sys.exit(1)


@click.command(short_help="Mark them as done with.")
@_PLACES
@filtered
@_OPEN
@_LIMIT
@click.option("--yes", is_flag=True, help="Do not ask.")
@_DRY_RUN
@BROKER
@PREFIX
@JSON
def drop(
    *,
    place: tuple[str, ...],
    all_open: bool,
    limit: int | None,
    yes: bool,
    dry_run: bool,
    broker: str | None,
    prefix: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Mark open dead letters as done with: `list` shows them no more.

    The records themselves stay on their topic until its retention ends.  A dropped letter that is named by its PLACE can
    still be replayed.

    \b
    Example:
      vitrine dlq drop --topic clicks.v1 --reason undecodable --since 2h
    """  # noqa: D301
    meant = _Meant(place, filters(given), all_open=all_open)
    handling = _Handling(*where(broker, prefix), meant, limit)
    with explained():
        result = handling.drop(dry_run=dry_run or not yes)
        if not (yes or dry_run) and result["letters"]:
            _ask(result["letters"])
            result = handling.drop(dry_run=False)
    report(result, as_json=as_json)


class _Meant:
    """Which letters a command is about."""

    def __init__(self, texts: tuple[str, ...], chosen: Filters, *, all_open: bool) -> None:
        self.places = places(texts)
        self.filters = chosen
        if all_open + bool(self.places) + (chosen != Filters()) != 1:
            message = "say which letters: PLACE..., or filters (--reason ...), or --open for all that are open"
            raise click.UsageError(message)


class _Handling:
    """Finds letters and does something about them, part by part."""

    def __init__(self, broker: str, prefix: str, meant: _Meant, limit: int | None) -> None:
        self._broker, self._prefix = broker, prefix
        self._mailbox = Mailbox(broker, prefix)
        self._meant = meant
        self._limit = limit
        self._agreed: Marks | None = None
        """What a look found; nothing else is dropped then."""

    def replay(self, known: dict[str, Route], mending: Mending, *, anyway: bool, dry_run: bool) -> dict[str, Any]:
        """Send what is fit; return what became of the letters."""
        sent, left, asked = Counter[str](), Counter[str](), 0
        targets = {(route.rekey or route.intake.source.topic).name for route in known.values()}
        desk = None if dry_run else self._desk(targets)
        deeds: list[Deed] = []
        letters = 0
        for letter in self._letters(again=True):
            letters += 1
            parcel = resend(letter, known, mending, anyway=anyway)
            if isinstance(parcel, Unfit):
                left[parcel.kind] += 1
                if self._meant.places:
                    detail = f": {safe(parcel.detail)}" if parcel.detail else ""
                    say(f"{letter.place} is left, {parcel.kind}{detail}; {parcel.cure}")
                elif left[parcel.kind] == 1:
                    say(f"left, such as {letter.place}, if {parcel.kind}: {parcel.cure}")
                continue
            sent[parcel.topic.name] += 1
            asked += parcel.only_output
            deeds.append(Deed(letter, parcel))
            _write(desk, deeds, PART)
        _write(desk, deeds, 1)
        return {
            "letters": letters,
            "would_send" if dry_run else "sent": sent,
            "to_fold": sent.total() - asked,
            "only_output": asked,
            "left": left,
        }

    def drop(self, *, dry_run: bool) -> dict[str, Any]:
        """Mark the letters as dropped; return how many of each topic and reason."""
        dropped, looked = Counter[str](), Marks()
        desk = None if dry_run else self._desk(set())
        deeds: list[Deed] = []
        for letter in self._letters(again=False):
            if self._agreed is not None and letter.identity not in self._agreed:
                continue  # it came after the question
            dropped[f"{letter.topic} {safe(letter.reason)}"] += 1
            looked.add(letter.identity)
            deeds.append(Deed(letter, None))
            _write(desk, deeds, PART)
        _write(desk, deeds, 1)
        self._agreed = looked
        return {"letters": dropped.total(), "would_drop" if dry_run else "dropped": dropped}

    def _letters(self, *, again: bool) -> Iterator[Letter]:
        """Yield the open letters that are meant, copies once; *again*: of those that are named, also dropped ones."""
        meant, seen = self._meant, Marks()
        letters = self._mailbox.at(meant.places) if meant.places else self._mailbox.letters(meant.filters.topics)
        register, _ = self._mailbox.register()
        found = (it for it in letters if meant.filters.take(it) and self._is_due(it, register, seen, again=again))
        none = True
        for letter in itertools.islice(found, self._limit):
            none = False
            yield letter
        if none and not meant.places:
            say("no open letter is such: `vitrine dlq list` shows what there is")

    def _is_due(self, letter: Letter, register: Register, seen: Marks, *, again: bool) -> bool:
        identity, named = letter.identity, bool(self._meant.places)
        state = register.state(identity)
        if identity in seen:
            return False
        seen.add(identity)
        if state == "open" or (state == "dropped" and named and again):
            return True
        if named:
            say(f"{letter.place} was {state} already: see `vitrine dlq show {letter.place}`")
        return False

    def _desk(self, targets: set[str]) -> Desk:
        return Desk(self._broker, self._prefix, targets, _operator())


def _write(desk: Desk | None, deeds: list[Deed], enough: int) -> None:
    """Do what is gathered, if it is *enough*."""
    if len(deeds) >= enough:
        if desk is not None:
            desk.write(deeds, datetime.now(UTC))
        deeds.clear()


def _ask(letters: int) -> None:
    if not letters:
        return
    if not sys.stdin.isatty():
        message = (
            f"this would drop {letters:,} letters: say --yes where nobody can be asked, or --dry-run to look first"
        )
        raise UnusableError(message)
    click.confirm(f"Drop {letters:,} letters?", abort=True, err=True)


def _operator() -> str | None:
    try:
        return getpass.getuser()[:256] or None
    except (OSError, KeyError):  # an account without a name
        return None


def _mending(given: dict[str, Any], *, places_given: int) -> Mending:
    """Take what is to be mended out of *given*."""
    value: IO[bytes] | None = given.pop("value")
    key: str | None = given.pop("key")
    put, unset = given.pop("put"), given.pop("unset")
    headers = frozenset(given.pop("unset_header"))
    if (value is not None or key is not None) and places_given != 1:
        message = "--value and --key are for one letter: give its PLACE"
        raise click.UsageError(message)
    try:
        return Mending(
            None if key is None else key.encode(),
            None if value is None else value.read(),
            tuple(_setting(text) for text in put),
            tuple(parsed(text) for text in unset),
            headers,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _setting(text: str) -> tuple[tuple[str | int, ...], Any]:
    field, equals, value = text.partition("=")
    if not (field and equals):
        message = f"--set {text}: expected FIELD=JSON"
        raise click.UsageError(message)
    try:
        return parsed(field), msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        message = f"--set {field}: {value} is no JSON; a text stands in quotes: --set '{field}=\"{value}\"'"
        raise click.UsageError(message) from error
