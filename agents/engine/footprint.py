"""How much memory a state takes, as Python has it; where a value is shared, it is counted each time."""

import sys
from collections.abc import Mapping
from typing import Any

import msgspec

_SHARED_INTS = range(-5, 257)
"""Python has one of each."""


def footprint(value: Any) -> int:
    """Return the bytes of *value* and of all that it holds."""
    total, todo = 0, [value]
    while todo:
        it = todo.pop()
        if it is None or isinstance(it, bool) or (type(it) is int and it in _SHARED_INTS):
            continue
        total += sys.getsizeof(it)
        if isinstance(it, msgspec.Struct):
            todo += (getattr(it, name) for name in it.__struct_fields__)
        elif isinstance(it, Mapping):
            todo += it
            todo += it.values()
        elif isinstance(it, list | tuple | set | frozenset):
            todo += it
    return total
