"""The workload on our engine: BOOTSTRAP APP TOPIC EVENTS DATA [PARTITIONS]; what TOPIC has before `clicks.v1` is the prefix of all topics."""

import asyncio
import os
import sys
from pathlib import Path

from agents.app import build, run
from agents.engine import topics
from agents.engine.context import Batch
from agents.processor import Folder, Input, Origin, State
from agents.settings import Settings
from agents.topics import Topic
from tests.bench.workload import KEPT_ITEMS, PARTITIONS, TOPIC, Click, Stopwatch


class Profile(State, array_like=True, gc=False):
    """What is kept of a user."""

    n: int = 0
    ts: int = 0
    items: list[int] = []
    cats: dict[str, int] = {}


class Profiles(Folder):
    """Counts clicks."""

    name = "profiles"
    state = Profile
    inputs = (Input(Topic(TOPIC, Click, "shopper"), key=lambda click: f"u{click.user_id}"),)

    def fold(self, state: Profile, event: Click, origin: Origin) -> None:
        del origin
        state.n += 1
        state.ts = event.ts
        items = state.items
        items.append(event.item_id)
        if len(items) > KEPT_ITEMS:
            del items[0]
        state.cats[event.category] = state.cats.get(event.category, 0) + 1


def main(bootstrap: str, name: str, topic: str, events: int, data: Path, partitions: int) -> None:  # noqa: PLR0917  its arguments
    stages, prefix = [Profiles()], topic.removesuffix(TOPIC)
    settings = Settings(
        broker=bootstrap, app_id=name, topic_prefix=prefix, data_dir=data, partitions=partitions, web_port=0
    )
    names = topics.needed(topics.used_by(stages), [Profiles.name], prefix=prefix, app_id=name, partitions=partitions)
    topics.create(bootstrap, names)
    app, health = build(settings, stages)
    engine, watch = app.engine, Stopwatch(events)
    handle = engine.folders[0].handle
    tasks = []

    async def counted(batch: Batch) -> None:
        last = watch.add(len(batch.records))
        await handle(batch)
        if last:
            tasks.append(asyncio.create_task(finish()))

    async def finish() -> None:
        while sum(filter(None, engine.delivery.positions().values())) < events:
            await engine.commits.commit()
            await asyncio.sleep(0)
        watch.report()
        os._exit(0)

    engine.folders[0].handle = counted  # type: ignore[method-assign]
    run(app, health)


if __name__ == "__main__":
    main(
        sys.argv[1],
        sys.argv[2],
        sys.argv[3],
        int(sys.argv[4]),
        Path(sys.argv[5]),
        int(sys.argv[6]) if sys.argv[6:] else PARTITIONS,
    )
