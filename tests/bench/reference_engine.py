"""The workload on the reference engine: BOOTSTRAP APP TOPIC EVENTS DATA FOLDER, where FOLDER holds its modules.

Decode and fold are those of its own `bench_engine.py`.
"""

import asyncio
import gc
import importlib
import os
import sys
from typing import Any

import faust
import msgspec

from tests.bench.workload import KEPT_ITEMS, Click, Stopwatch

bootstrap, name, topic, events, data, folder = sys.argv[1:7]
sys.path.insert(0, folder)
engines, states = importlib.import_module("engine"), importlib.import_module("state")

gc.freeze()
gc.set_threshold(200_000, 20, 100)
app = faust.App(
    name,
    broker=f"kafka://{bootstrap}",
    topic_allow_declare=False,
    topic_disable_leader=True,
    web_enabled=False,
    datadir=data,
    broker_commit_interval=1.0,
)
engine = engines.Engine(app)
Profile = msgspec.defstruct(
    "Profile",
    [("n", int, 0), ("ts", int, 0), ("items", list[int], []), ("cats", dict[str, int], {})],
    bases=(states.Keyed,),
    array_like=True,
    gc=False,
)
clicks = engine.topic(topic)
profiles = engine.keyspace("profiles", Profile, [clicks])
decode = msgspec.json.Decoder(Click).decode
watch = Stopwatch(int(events))
tasks: list[Any] = []


def fold(batch: Any) -> None:
    last = watch.add(len(batch.records))
    cache, dirty, source = profiles.view(batch.topic, batch.partition)
    touch = dirty.add
    for record in batch.records:
        key, offset = record.key, record.offset
        profile = cache[key]
        if offset <= profile.offsets[source]:
            continue
        click = decode(record.value)
        profile.offsets[source] = offset
        profile.n += 1
        profile.ts = click.ts
        items = profile.items
        items.append(click.item_id)
        if len(items) > KEPT_ITEMS:
            del items[0]
        profile.cats[click.category] = profile.cats.get(click.category, 0) + 1
        touch(key)
    if last:
        tasks.append(asyncio.ensure_future(finish()))


async def finish() -> None:
    await asyncio.sleep(0)
    delivery = engine.delivery
    while any(delivery._partitions[part].read != position for part, position in delivery.committable().items()):
        await asyncio.sleep(0.001)
    await app.consumer.commit()
    watch.report()
    os._exit(0)


engine.agent(clicks)(fold)

if __name__ == "__main__":
    sys.argv[1:] = ["worker", "-l", "warn", "--without-web"]
    app.main()
