"""A worker that folds clicks into profiles as the product does, and makes no lists: BOOTSTRAP APP PREFIX DATA.

It tells on standard output when its states are here.
"""

import asyncio
import gc
import os
import sys
import time
from collections.abc import Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any, get_args

import msgspec

from agents.app import build, run
from agents.engine.delivery import Partition
from agents.processor import Effects, Folder, Input, Origin, Outcome
from agents.settings import load
from agents.shoppers.fold import fold
from agents.shoppers.profile import Profile
from agents.topics import CLICKS
from tests.bench.workload import MARK

LOOK_SECONDS = 0.005


class Profiles(Folder):
    """The shoppers' profiles without anything that is made of them."""

    name = "profiles"
    state = Profile
    inputs = (Input(CLICKS, attrgetter("shopper")),)

    def fold(self, state: Profile, event: Any, origin: Origin) -> Effects:
        return Effects(outcome=fold(state, event, origin).outcome)


class Restored(msgspec.Struct, kw_only=True):
    """One restore."""

    records: int
    seconds: float
    """From the assignment to the last open partition."""
    cpu_seconds: float
    first_open_seconds: float
    folded_before: int
    """Events folded before the last partition was open."""
    longest_turn_ms: float
    """How long the event loop was held."""


def main(bootstrap: str, app_id: str, prefix: str, data: Path) -> None:
    given = {"VITRINE_BROKER": bootstrap, "VITRINE_APP_ID": app_id, "VITRINE_TOPIC_PREFIX": prefix}
    given |= {
        "VITRINE_DATA_DIR": str(data),
        "VITRINE_WEB_PORT": "0",
        "VITRINE_SESSION_TIMEOUT": "PT30S",
        "VITRINE_INSTANCE_ID": "bench",
    }
    app, health = build(load(os.environ | given), [Profiles()])
    engine = app.engine
    restore = engine.restore
    tasks = []

    def watched(partitions: Iterable[Partition]) -> None:
        mine = list(partitions)
        tasks.append(asyncio.create_task(watch(len(mine))))
        restore(mine)

    async def watch(count: int) -> None:
        begun, cpu, first, longest = time.perf_counter(), time.process_time(), 0.0, 0.0
        restored = engine.metrics.state_restored.labels(Profiles.name)._value
        while engine.delivery.closed():
            before = time.perf_counter()
            await asyncio.sleep(LOOK_SECONDS)
            now = time.perf_counter()
            longest = max(longest, now - before - LOOK_SECONDS)
            if not first and engine.delivery.closed() < count:
                first = now - begun
        engine.report()
        outcomes = (engine.metrics.events.labels(Profiles.name, CLICKS.name, it) for it in get_args(Outcome))
        tell(
            Restored(
                records=int(restored.get()),
                seconds=time.perf_counter() - begun,
                cpu_seconds=time.process_time() - cpu,
                first_open_seconds=first,
                folded_before=int(sum(it._value.get() for it in outcomes)),
                longest_turn_ms=longest * 1e3,
            )
        )

    engine.restore = watched  # type: ignore[method-assign]
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
    run(app, health)


def tell(what: msgspec.Struct) -> None:
    """Print a result for the parent process."""
    sys.__stdout__.write(f"{MARK}{msgspec.json.encode(what).decode()}\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
