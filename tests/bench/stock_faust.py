"""The workload on Faust as it comes, with a table in RocksDB: BOOTSTRAP APP TOPIC EVENTS DATA."""

import os
import sys
from typing import Any

import faust

from tests.bench.workload import KEPT_ITEMS, PARTITIONS, Stopwatch

bootstrap, name, topic, events, data = sys.argv[1:6]
app = faust.App(
    name,
    broker=f"kafka://{bootstrap}",
    store="rocksdb://",
    datadir=data,
    web_enabled=False,
    topic_partitions=PARTITIONS,
    topic_replication_factor=1,
    table_standby_replicas=0,
    broker_commit_interval=1.0,
)
clicks = app.topic(topic, key_type=bytes, key_serializer="raw", value_serializer="json")
profiles = app.Table("profiles", partitions=PARTITIONS, key_type=bytes)
watch = Stopwatch(int(events))


@app.agent(clicks)
async def fold(stream: Any) -> None:
    async for key, click in stream.items():
        last = watch.add(1)
        profile = profiles.get(key) or {"n": 0, "ts": 0, "items": [], "cats": {}}
        profile["n"] += 1
        profile["ts"] = click["ts"]
        profile["items"].append(click["item_id"])
        if len(profile["items"]) > KEPT_ITEMS:
            del profile["items"][0]
        profile["cats"][click["category"]] = profile["cats"].get(click["category"], 0) + 1
        profiles[key] = profile
        if last:
            await app.producer.flush()
            await app.consumer.commit()
            watch.report()
            os._exit(0)


if __name__ == "__main__":
    sys.argv[1:] = ["worker", "-l", "warn", "--without-web"]
    app.main()
