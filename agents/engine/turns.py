"""Lets work that is finished in any order leave in the order in which it was begun, each lane by itself.

Pure: what leaves is a function to be called.
"""

from collections import deque
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

Act = Callable[[], None]
Lane = TypeVar("Lane", bound=Hashable)


class _Lane(NamedTuple):
    begun: deque[Hashable]
    finished: dict[Hashable, Act]


class Turns(Generic[Lane]):
    """Who is before whom."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, _Lane] = {}

    def begin(self, lane: Lane, name: Hashable) -> None:
        """Take note that the work *name* was begun; each once."""
        found = self._lanes.get(lane)
        if found is None:
            found = self._lanes[lane] = _Lane(deque(), {})
        found.begun.append(name)

    def finish(self, lane: Lane, name: Hashable, act: Act) -> list[Act]:
        """Return what may leave now that *name* is finished; nothing of a lane that was dropped."""
        found = self._lanes.get(lane)
        if found is None:
            return []
        begun, finished = found
        finished[name] = act
        leaving = []
        while begun and begun[0] in finished:
            leaving.append(finished.pop(begun.popleft()))
        return leaving

    def drop(self, gone: Callable[[Lane], bool]) -> None:
        """Forget the lanes that are *gone*."""
        for lane in [lane for lane in self._lanes if gone(lane)]:
            del self._lanes[lane]
