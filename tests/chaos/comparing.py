"""What is there against what must be there.  Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
import msgspec.structs

from agents.processor import State

LEFT_OUT = {
    "offsets": "where topics were read: what agents tell one another lies elsewhere after a crash",
    "recent": "names of the records read last: those of other agents' records come in another order",
    "waiting": "responses that wait for a list: which list comes first is the broker's to say",
}
"""Fields of a state that are not compared, and why."""

OF_MERGES = {
    "revision": "how many merges a shopper is handed depends on what was folded before the identification",
    "newest": "a merge is as old as what it hands over, or as the identification",
}
"""Fields that are not compared, beside those, of shoppers whom visitors turned out to be."""

_EXAMPLES = 5


class Difference(msgspec.Struct, kw_only=True):
    """How far two sets of states, facts or letters are from each other."""

    expected: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    lost: int = 0
    """Events that are not in the states."""
    doubled: int = 0
    """Events that are in the states twice."""
    examples: list[str] = []

    @property
    def wrong(self) -> int:
        """How many keys are wrong."""
        return self.missing + self.extra + self.different

    def note(self, words: str) -> None:
        """Keep an example, if there are few."""
        if len(self.examples) < _EXAMPLES:
            self.examples.append(words)


def compare_states(
    expected: Mapping[str, State], found: Mapping[str, State], *, merged: Collection[str] = ()
) -> Difference:
    """Compare states by key; *merged*: keys of which the fields OF_MERGES are not compared."""
    result = Difference(expected=len(expected))
    for key in sorted(expected.keys() | found.keys()):
        want, have = expected.get(key), found.get(key)
        if want is None or have is None:
            result.missing += have is None
            result.extra += want is None
            result.lost += want.revision if want is not None else 0
            result.note(f"{key}: {'missing' if have is None else 'not expected'}")
            continue
        left_out = LEFT_OUT.keys() | (OF_MERGES.keys() if key in merged else set())
        differing = [
            name
            for name in want.__struct_fields__
            if name not in left_out and _plain(getattr(want, name)) != _plain(getattr(have, name))
        ]
        if "revision" in differing:
            result.lost += max(0, want.revision - have.revision)
            result.doubled += max(0, have.revision - want.revision)
        if differing:
            result.different += 1
            name = differing[0]
            result.note(f"{key}: {name} is {_short(getattr(have, name))}, must be {_short(getattr(want, name))}")
    return result


def compare_told(expected: Mapping[str, bytes | None], found: Mapping[str, bytes | None]) -> Difference:
    """Compare facts or letters by id."""
    result = Difference(expected=len(expected))
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            result.missing += 1
        elif name not in expected:
            result.extra += 1
        elif expected[name] != found[name]:
            result.different += 1
        else:
            continue
        result.note(f"{name}: {_short(found.get(name))}, must be {_short(expected.get(name))}")
    return result


def total(differences: Iterable[Difference], name: str) -> int:
    """Return the sum of a field of *differences*."""
    return sum(int(getattr(it, name)) for it in differences)


def _plain(value: Any) -> Any:
    """Return *value* as it is read back."""
    return msgspec.to_builtins(value)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
