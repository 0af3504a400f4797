"""A letter becomes the record that is sent again.

Its place of origin stays its name, whatever is mended: a folder reads it from its rekey topic, where states remember such
names, a mapper from its own topic, where the facts get the ids of that place.  So it counts once, however often it is sent.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from agents import headers as wire
from agents.deadletters.document import Document, Path
from agents.deadletters.letter import Letter
from agents.dialects.heard import Ignored
from agents.intake import Admitted, Intake, Rejection
from agents.processor import Folder, Origin, Stage, sources
from agents.replay.log import Headers
from agents.topics import Topic

_NOWHERE = -1
"""A partition in which no key belongs: the intake then says which key it is."""


class Route(NamedTuple):
    """How the records of a topic are read."""

    intake: Intake
    rekey: Topic | None
    """From where a folder reads what is replayed; None: a mapper reads it from the topic itself."""


class Mending(NamedTuple):
    """What is changed in a record before it is sent again."""

    key: bytes | None = None
    value: bytes | None = None
    """In place of the value."""
    put: tuple[tuple[Path, Any], ...] = ()
    """Set in the event."""
    remove: tuple[Path, ...] = ()
    """Taken out of the event."""
    headers: frozenset[str] = frozenset()
    """Names of headers that are left out."""

    @property
    def of_event(self) -> bool:
        """Whether what is folded would be another event."""
        return bool(self.key is not None or self.value is not None or self.put or self.remove)


class Parcel(NamedTuple):
    """A record to be sent."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    headers: Headers
    only_output: bool
    """Whether its event is folded already."""


class Unfit(NamedTuple):
    """Why a letter is not sent."""

    kind: str
    """A few words, by which many are counted together."""
    cure: str
    detail: str = ""
    """What is wrong with this one."""


def routes(kinds: Iterable[type[Stage]]) -> dict[str, Route]:
    """Return topic to how it is read, of the processors *kinds*."""
    return {
        source.topic.name: Route(Intake(source), sources(kind)[0] if issubclass(kind, Folder) else None)
        for kind in kinds
        for source in kind.inputs
    }


def is_folded(letter: Letter, known: Mapping[str, Route]) -> bool:
    """Tell whether the event of *letter* is in a state, and only its output is missing."""
    route = known.get(letter.topic)
    return letter.stage == "score" and route is not None and route.rekey is not None


def resend(letter: Letter, known: Mapping[str, Route], mending: Mending, *, anyway: bool = False) -> Parcel | Unfit:
    """Return the record that *letter* becomes, mended; *anyway*: even if it can't be read here either."""
    why, route = letter.why, known.get(letter.topic)
    if why is None:
        return Unfit(
            "of unknown origin", "its headers do not say where it belongs: produce it to its topic, or drop it"
        )
    if route is None:
        return Unfit("of nobody's topic", f"no one reads {letter.topic} by itself: produce it to its topic, or drop it")
    folded = is_folded(letter, known)
    if folded and mending.of_event:
        return Unfit("folded already", "an event that is folded can't be changed: replay it as it is")
    headers: Headers = tuple(header for header in letter.headers if header[0] not in mending.headers)
    try:
        key, value = letter.key if mending.key is None else mending.key, _mended(letter, headers, mending)
    except ValueError as error:
        return Unfit("not to be mended so", "look at it with `vitrine dlq show`", str(error))
    if not folded:
        right = _right_key(route.intake, key, value, headers)
        if isinstance(right, bytes):
            key = right
        elif right is not None and not anyway:
            return _unreadable(right)
    origin = Origin(letter.topic, why.partition, why.offset, why.timestamp)
    sent = wire.replay(origin, headers, failed=why.delivery_count, only_output=folded)
    return Parcel(route.rekey or route.intake.source.topic, key, value, tuple(sent), folded)


def _unreadable(why: Rejection | Ignored) -> Unfit:
    if isinstance(why, Ignored):
        return Unfit("of no use", "what it tells means nothing to the agents: drop it")
    return Unfit(
        f"still {why.reason}",
        "mend it (--set, --unset, --unset-header, --value, --key), or drop it",
        f"{why.message}{why.field and f' - at `{why.field}`'}",
    )


def _mended(letter: Letter, headers: Headers, mending: Mending) -> bytes | None:
    value = letter.value if mending.value is None else mending.value
    if not (mending.put or mending.remove):
        return value
    document = Document(value, headers)
    for path in mending.remove:
        document.remove(path)
    for path, it in mending.put:
        document.put(path, it)
    return document.closed()


def _right_key(
    intake: Intake, key: bytes | None, value: bytes | None, headers: Headers
) -> bytes | Rejection | Ignored | None:
    """Return the key under which the record belongs; None: any will do."""
    read = intake.read(value, headers)
    if not isinstance(read, Admitted):
        return read
    right = intake.right_key(read.event, key, _NOWHERE, 1)
    return right.encode() if isinstance(right, str) else right
