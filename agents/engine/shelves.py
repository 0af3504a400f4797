"""The views of processors as a worker, the process beside it or the replayer holds them: bytes of a record in.  Pure."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from agents.processor import View


class Shelves:
    """Applies records to all views of their topic."""

    def __init__(self, views: Sequence[View]) -> None:
        self._views: dict[str, list[Callable[[str, Any], None]]] = defaultdict(list)
        for view in views:
            self._views[view.topic.name].append(view.apply)
        self._decoders = {view.topic.name: msgspec.json.Decoder(view.topic.record).decode for view in views}

    @property
    def topics(self) -> Sequence[str]:
        """Names without the prefix."""
        return list(self._views)

    def apply(self, topic: str, raw_key: bytes | None, raw: bytes | None) -> Exception | None:
        """Apply a record; return why it can't be read, if so: then what the key had before stays."""
        try:
            key = (raw_key or b"").decode()
            value = None if raw is None else self._decoders[topic](raw)
        except (ValueError, RecursionError) as error:
            return error
        for apply in self._views[topic]:
            apply(key, value)
        return None


def told(raw_key: bytes | None) -> str:
    """Return a record's key for a log line."""
    return (raw_key or b"").decode(errors="backslashreplace")
