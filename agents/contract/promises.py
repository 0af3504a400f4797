"""What is promised of each topic, in one form: for the contract as it is now, and for one that was released."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from agents.contract import headers
from agents.contract.rules import Schema, Side, breaches
from agents.contract.schemas import document
from agents.topics import ALL, DEAD_LETTERS, DLQ_HANDLED, INTERNAL, LISTS, PRODUCED, RECOMMENDATIONS, REKEYS, Topic

Action = Literal["receive", "send"]

ACTIONS: dict[str, tuple[Action, ...]] = {
    **{topic.name: ("receive",) for topic in PRODUCED},
    **{topic.name: ("receive", "send") for topic in INTERNAL + REKEYS},
    **{topic.name: ("send",) for topic in LISTS + DEAD_LETTERS},
    **{topic.name: ("receive", "send") for topic in (RECOMMENDATIONS, DLQ_HANDLED)},
}
"""Topic to what the application does with it; it reads its own lists, to join what becomes of them, and its marks on dead letters."""

_SIDES: dict[Action, Side] = {"receive": "input", "send": "output"}


class Promise(msgspec.Struct, frozen=True):
    """What is promised of one topic, or of the headers that many have."""

    actions: tuple[Action, ...]
    schema: Schema | None = None
    """None: another topic's bytes."""
    key: str = ""
    compacted: bool = False


class Finding(NamedTuple):
    """One way in which a promise is broken."""

    topic: str
    path: str
    message: str


def present() -> dict[str, Promise]:
    """Return what is promised now, by topic; headers stand under `headers/<whose>`."""
    found = {topic.name: _promise(topic) for topic in ALL}
    return found | {f"headers/{name}": Promise(actions, schema) for name, (actions, schema) in of_headers().items()}


def of_headers() -> dict[str, tuple[tuple[Action, ...], dict[str, Any]]]:
    """Return what is done with each kind of headers, and what they are."""
    return {
        "inputs": (("receive",), headers.of_inputs()),
        "outputs": (("send",), headers.of_outputs()),
        "dead-letters": (("send",), headers.of_dead_letters()),
        "rekeyed": (("receive", "send"), headers.of_misplaced()),
    }


def file_of(name: str) -> str:
    """Return the name of the file that holds the schema of a promise."""
    return f"{name.replace('/', '.')}.json"


def broken(old: Mapping[str, Promise], new: Mapping[str, Promise]) -> Iterator[Finding]:
    """Yield how *new* breaks the promises of *old*."""
    for topic, before in old.items():
        after = new.get(topic)
        if after is None:
            yield Finding(topic, "", "the topic is gone")
            continue
        for action in before.actions:
            if action not in after.actions:
                yield Finding(topic, "", f"is not {'read' if action == 'receive' else 'written'} any more")
        if before.key != after.key:
            yield Finding(topic, "", f"is keyed by {after.key}, was by {before.key}")
        if before.compacted != after.compacted:
            yield Finding(topic, "", "is compacted now" if after.compacted else "is not compacted any more")
        yield from _values(topic, before, after)


def _values(topic: str, before: Promise, after: Promise) -> Iterator[Finding]:
    if before.schema is None or after.schema is None:
        if before.schema is not after.schema:
            yield Finding(topic, "", "has a value of another kind")
        return
    found = [breach for action in before.actions for breach in breaches(before.schema, after.schema, _SIDES[action])]
    for breach in dict.fromkeys(found):
        yield Finding(topic, breach.path, breach.message)


def _promise(topic: Topic) -> Promise:
    schema: dict[str, Any] | None = None
    if topic.record is not None:
        schema = document(topic.name, topic.about, topic.record)
    return Promise(ACTIONS[topic.name], schema, topic.key, topic.compacted)
