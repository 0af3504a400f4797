"""Reads the changelog of newly assigned partitions into their local stores.

One call serves one assignment, with a consumer of its own (assigned, not subscribed: no group) that lives as long as
the call.  Cancelling it therefore leaves nothing behind that could reach a later assignment.
"""

from collections.abc import Awaitable, Callable, Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.engine.store import Shard

_BITE = 2_000
"""Records applied before other tasks may run."""


def reader(servers: str, *, wait_ms: int) -> AIOKafkaConsumer:
    """Return a consumer without a group that sees committed records only; *wait_ms* is its longest poll."""
    return AIOKafkaConsumer(
        bootstrap_servers=servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=wait_ms,
    )


async def restore(
    servers: str,
    topic: str,
    shards: Iterable[Shard],
    activate: Callable[[Shard], Awaitable[int | None]],
    progress: Callable[[int], None],
) -> None:
    """Bring each of *shards* to the end of its partition of *topic* and *activate* it as soon as it is there.

    *activate* returns None, or the offset up to which the shard has to be restored before it can be tried again.
    *progress* is told how many records were applied.
    """
    consumer = reader(servers, wait_ms=100)
    behind = {TopicPartition(topic, shard.partition): shard for shard in shards}
    try:
        await consumer.start()
        consumer.assign(list(behind))
        ends: dict[TopicPartition, int] = await consumer.end_offsets(list(behind))
        for place, shard in behind.items():
            if shard.foreign or shard.next_offset > ends[place]:
                shard.wipe()
            consumer.seek(place, shard.next_offset)
        while behind:
            for place, shard in list(behind.items()):
                if shard.next_offset >= ends[place]:
                    end = await activate(shard)
                    if end is None:
                        del behind[place]
                        consumer.pause(place)
                    else:
                        ends[place] = end
            if behind:
                await _step(consumer, behind, progress)
    finally:
        await consumer.stop()


async def _step(
    consumer: AIOKafkaConsumer, behind: dict[TopicPartition, Shard], progress: Callable[[int], None]
) -> None:
    """Apply what can be read now; control records and compacted tails move a shard on without a record."""
    fetched = await consumer.getmany(*behind, timeout_ms=200, max_records=_BITE)
    for place, shard in behind.items():
        records = fetched.get(place, ())
        position = await consumer.position(place)
        if records or position > shard.next_offset:
            shard.apply(records, position)
            progress(len(records))
