"""The workload on the bare client: BOOTSTRAP APP TOPIC EVENTS.

`getmany`, decode, a dictionary; no state outlives the process.  What an engine costs more is what its promises cost.
The same loop as the peers' `raw_aiokafka.py`, which may not be there.
"""

import asyncio
import os
import sys
import time

import aiokafka
import msgspec

from tests.bench.workload import KEPT_ITEMS, Click, Stopwatch


class Profile(msgspec.Struct, gc=False):
    """What is kept of a user."""

    n: int
    ts: int
    items: list[int]
    cats: dict[str, int]


async def main(bootstrap: str, name: str, topic: str, events: int) -> None:
    decode, users, watch = msgspec.json.Decoder(Click).decode, dict[bytes, Profile](), Stopwatch(events)
    consumer = aiokafka.AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=name, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    due = 0.0
    while watch.seen < events:
        got = await consumer.getmany(timeout_ms=1000, max_records=4000)
        for records in got.values():
            watch.add(len(records))
            for record in records:
                click = decode(record.value)
                profile = users.get(record.key)
                if profile is None:
                    profile = users[record.key] = Profile(0, 0, [], {})
                profile.n += 1
                profile.ts = click.ts
                profile.items.append(click.item_id)
                if len(profile.items) > KEPT_ITEMS:
                    del profile.items[0]
                profile.cats[click.category] = profile.cats.get(click.category, 0) + 1
        now = time.monotonic()
        if not due:
            due = now + 1
        elif now >= due:
            await consumer.commit()
            due = now + 1
    await consumer.commit()
    watch.report()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
