"""A worker of the engine's tests: it sums the numbers of each shopper, and echoes reviews.  Settings as of `vitrine worker`."""

import logging
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from prometheus_client import CollectorRegistry

from agents.app import config, run
from agents.engine import topics
from agents.engine.app import build
from agents.engine.errors import ConfigurationError
from agents.health import Health
from agents.metrics import Metrics
from agents.processor import Effects, Folder, Input, Mapper, Origin, Output, Owed, State, fact_id, list_id
from agents.settings import Environment, load
from agents.topics import Topic
from schemas.base import Id, Record
from tests.chaos import breaks

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Tick(Record, frozen=True, kw_only=True):
    """What comes in, and what facts say."""

    shopper: Id
    number: int


class Sum(Record, frozen=True, kw_only=True):
    """A list of one sum."""

    shopper: Id
    n: int
    total: int
    revision: int
    epoch: int


CLICKS = Topic("clicks.v1", Tick, "shopper")
SEARCHES = Topic("searches.v1", Tick, "shopper")
REVIEWS = Topic("reviews.v1", Tick, "shopper")
PAIRS = Topic("pairs.v1", Tick, "item", in_order=True)
SENTIMENTS = Topic("sentiments.v1", Tick, "shopper", in_order=True)
LISTS = Topic("recommendations.v1", Sum, "shopper")


class Summed(State, array_like=True, gc=False):
    """The sum of a shopper."""

    format: ClassVar[int] = int(os.environ.get("TEST_FORMAT", "1"))

    shopper: str = ""
    n: int = 0
    total: int = 0


def hold() -> None:
    """Wait while there is the file TEST_HOLD: a model that does not get done."""
    while os.path.exists(os.environ.get("TEST_HOLD", "")):  # noqa: PTH110  no path is no file
        time.sleep(0.02)


class Sums(Folder):
    """Two topics, one state, one fact an event, one list a shopper."""

    name = "sums"
    state = Summed
    inputs = (Input(CLICKS, key=lambda it: it.shopper), Input(SEARCHES, key=lambda it: it.shopper))
    facts = (PAIRS,)
    outputs = (PAIRS, LISTS)

    def fold(self, state: Summed, event: Tick, origin: Origin) -> Effects:
        state.shopper = event.shopper
        state.n += 1
        state.total += event.number
        fact = Output(PAIRS, f"i{event.number % 7}", event, fact_id(origin, "tick"), NOON)
        return Effects((fact,), (Owed("home"),))

    def plan(self, state: Summed, owed: Owed, epoch: int) -> Sum:
        del owed
        return Sum(shopper=state.shopper, n=state.n, total=state.total, revision=state.revision, epoch=epoch)

    def score(self, jobs: Sequence[Sum]) -> Sequence[Sum]:
        hold()
        return jobs

    def finish(self, job: Sum, scored: Any) -> Sequence[Output]:
        del scored
        return [Output(LISTS, job.shopper, job, list_id(job.shopper, job.epoch, job.revision, "home", "sum"), NOON)]

    def owes(self, state: Summed, event: Tick, origin: Origin) -> Sequence[Owed]:
        del state, event, origin
        return (Owed("home"),)


class Echo(Mapper):
    """Says what it hears."""

    name = "echo"
    inputs = (Input(REVIEWS, key=lambda it: it.shopper),)
    outputs = (SENTIMENTS,)

    def plan(self, event: Tick, origin: Origin) -> Any:
        return event, origin

    def score(self, jobs: Sequence[Any]) -> Sequence[Any]:
        hold()
        return jobs

    def finish(self, job: Any, scored: Any) -> Sequence[Output]:
        del scored
        event, origin = job
        return [Output(SENTIMENTS, event.shopper, event, fact_id(origin, "echo"), NOON)]


STAGES = (Sums(), Echo())


def main() -> int:
    """Run until a signal comes; CHAOS_BREAK breaks a rule."""
    breaks.install(os.environ.get("CHAOS_BREAK", ""))
    logging.basicConfig(stream=sys.stderr, level=os.environ.get("TEST_LOG_LEVEL", "WARNING"), format=_FORMAT)
    settings, metrics = load(os.environ | {}), Metrics(CollectorRegistry())
    try:
        app = build(config(settings), STAGES, metrics)
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201  as the command does
        return 2
    engine = app.engine
    engine.watch.seconds = float(os.environ.get("TEST_WATCH", engine.watch.seconds))
    engine.fetch_records = int(os.environ.get("TEST_FETCH", engine.fetch_records))
    limit = engine.delivery.waiting_limit
    engine.delivery.waiting_limit = limit._replace(records=int(os.environ.get("TEST_WAITING", limit.records)))
    health = Health(metrics, "127.0.0.1", 0, ready=engine.ready, failed=lambda: app.should_stop, report=engine.report)
    return run(app, health)


def needed(
    prefix: str, app_id: str, partitions: int, environment: Environment = "development"
) -> dict[str, topics.Needed]:
    """Return the topics of this worker."""
    return topics.needed(
        topics.used_by(STAGES),
        [Sums.name],
        prefix=prefix,
        app_id=app_id,
        partitions=partitions,
        environment=environment,
    )


if __name__ == "__main__":
    sys.exit(main())
