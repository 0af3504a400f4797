"""Looks whether somebody else writes to changelog partitions of ours, where we write nothing for a while.

A flush notices it by itself.  A partition whose shoppers are asleep is not flushed, and compaction would keep what a
former owner wrote last: so this looks far more often than `min.compaction.lag.ms`, at the price of one request.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from agents.engine.folding import FolderRunner
from agents.engine.store import Shard

log = structlog.get_logger(__name__)

SECONDS = 60.0
"""Between two looks."""

_ANSWER_SECONDS = 5


class Watch:
    """Compares the ends of changelogs with what was written here."""

    _lookup: Any

    def __init__(self, folders: Sequence[FolderRunner], seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._folders = folders
        self._next = 0.0

    def start(self, lookup: Any) -> None:
        """Ask *lookup*, a consumer without a group."""
        self._lookup = lookup

    async def intruded(self, now: float) -> list[tuple[FolderRunner, Shard]]:
        """Return the shards behind whose back somebody wrote, if it is time to look; no flush may be under way.

        A broker that does not answer is asked again the next time.
        """
        if now < self._next:
            return []
        self._next = now + self.seconds
        ours = {
            TopicPartition(runner.keyspace.changelog.topic, shard.partition): (runner, shard)
            for runner in self._folders
            for shard in runner.keyspace.shards.values()
            if shard.active
        }
        if not ours:
            return []
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                ends = await self._lookup.end_offsets(list(ours))
        except (KafkaError, TimeoutError, OSError, RuntimeError) as error:
            log.warning("nobody says where changelogs end, asking again later", error=repr(error))
            return []
        return [its for place, its in ours.items() if its[1].active and ends[place] > its[1].next_offset]
