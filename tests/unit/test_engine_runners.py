"""Folding, mapping and scoring without a broker: what becomes of each record, and of what is owed for it."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, cast

import msgspec
import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from prometheus_client import CollectorRegistry

from agents import headers as wire
from agents.engine.changelog import Changelog
from agents.engine.context import Batch, Context
from agents.engine.database import Memory
from agents.engine.delivery import Delivery, Entry, Load
from agents.engine.errors import LostRecordsError
from agents.engine.folding import FolderRunner
from agents.engine.keyspace import Keyspace
from agents.engine.ledger import Ledger
from agents.engine.mapping import MapperRunner
from agents.engine.outbox import Outbox
from agents.engine.runner import Runner
from agents.engine.scoring import Scorer
from agents.intake import partition_of
from agents.metrics import Metrics
from agents.processor import Effects, Folder, Input, Mapper, Origin, fact_id
from agents.topics import CLICKS, REVIEWS
from tests.engine_worker import PAIRS, Echo, Summed, Sums, Tick

PARTITIONS = 4
ADA = b"ada"
HOME = partition_of(ADA, PARTITIONS)


class Sent(Outbox):
    """Keeps what is put, and acknowledges it at once."""

    def __init__(self) -> None:
        super().__init__(count=lambda *_: None, fail=cast("Any", None))
        self.records: list[tuple[str, int, bytes | None, bytes | None, dict[str, bytes | None]]] = []

    def put(  # noqa: PLR0917  theirs
        self, topic: str, partition: int, key: Any, value: Any, headers: Any, settled: Any = None
    ) -> None:
        self.records.append((topic, partition, key, value, dict(headers)))
        if settled is not None:
            settled()

    def on(self, topic: str) -> list[tuple[str, int, bytes | None, bytes | None, dict[str, bytes | None]]]:
        return [record for record in self.records if record[0] == topic]


class Poison(Sums):
    """Cannot make the list of mallory until it is mended."""

    mended = False

    def score(self, jobs: Sequence[Any]) -> Sequence[Any]:
        if not self.mended and any(job.shopper == "mallory" for job in jobs):
            message = "poison"
            raise ValueError(message)
        return jobs


class PoisonEcho(Echo):
    """Cannot score 13."""

    def score(self, jobs: Sequence[Any]) -> Sequence[Any]:
        if any(event.number == 13 for event, _ in jobs):
            message = "poison"
            raise ValueError(message)
        return jobs


class Clicks(Folder):
    """Counts clicks as shops send them."""

    name = "clicks"
    state = Summed
    inputs = (Input(CLICKS, key=lambda it: it.shopper),)

    def fold(self, state: Any, event: Any, origin: Origin) -> Effects:
        del event, origin
        state.n += 1
        return Effects()


class Reviews(Mapper):
    """Takes reviews as shops send them."""

    name = "reviews"
    inputs = (Input(REVIEWS, key=lambda it: it.shopper),)

    def plan(self, event: Any, origin: Origin) -> Any:
        return event, origin


def place(topic: str, partition: int, offset: int, number: int) -> bytes:
    """Return what the header of a fact says; topics of these tests have the id `id`."""
    return f"{topic}@id/{partition}/{offset}/{number}".encode()


class World:
    """One runner, its partitions, and what it sent."""

    def __init__(self, stage: Folder | Mapper, directory: Path) -> None:
        self.sent = Sent()
        self.metrics = Metrics(CollectorRegistry())
        self.delivery = Delivery(10_000, Load(10_000, 1 << 20))
        names = ("clicks.v1", "searches.v1", "reviews.v1", "pairs.v1", "sentiments.v1", "recommendations.v1")
        rekeys = ("rekey.shoppers.v1", "rekey.items.v1")
        topics = [*names, *rekeys, *(f"dlq.{name}" for name in (*names, *rekeys))]
        self.context = Context(
            delivery=self.delivery,
            outbox=self.sent,
            metrics=self.metrics,
            prefix="",
            partitions=dict.fromkeys(topics, PARTITIONS),
            group="g",
            changed=lambda: None,
            fail=cast("Any", None),
            identities=dict.fromkeys(topics, "id"),
        )
        self.runner: Runner
        if isinstance(stage, Folder):
            self.keyspace = Keyspace(stage, Changelog("c"), directory, Memory(4 << 20))
            self.runner = FolderRunner(stage, self.keyspace, self.context, 100)
        else:
            self.runner = MapperRunner(stage, self.context)
        sources = [(topic.name, n) for topic in self.runner.topics for n in range(PARTITIONS)]
        for partition in self.delivery.assign(sources).values():
            self.delivery.open(partition, 0)

    async def opened(self) -> Self:
        """Take all partitions over."""
        for shard in await self.keyspace.assign(range(PARTITIONS)):
            shard.take_over(1, 0)
            shard.active = True
        return self

    async def read(self, topic: str, partition: int, *records: Any, at: int = 0) -> Entry:
        """Deliver records, numbered from *at* on, and let the runner handle them."""
        for offset, record in enumerate(records, at):
            record.offset = offset
        entry = self.delivery.deliver((topic, partition), at, at + len(records), len(records), 1)
        assert entry is not None
        assert self.delivery.start(entry)
        await self.runner.handle(Batch(topic, partition, records, entry))
        self.delivery.stop(entry)
        return entry

    async def score(self, callers: int = 1) -> None:
        """Make all that is owed."""
        with ThreadPoolExecutor(callers) as threads:
            scorer = Scorer(self.runner, threads, callers)
            failures: list[BaseException] = []
            scorer.start(failures.append)
            while len(self.runner.queue) + self.runner.queue.flying:
                scorer.wake()
                await asyncio.sleep(0.001)
                assert not failures
            await scorer.stop()

    def outcomes(self) -> dict[tuple[str, str], float]:
        """Return topic and outcome to how often; those that did not happen are left out."""
        self.runner.count()
        return {
            (sample.labels["topic"], sample.labels["outcome"]): sample.value
            for family in self.metrics.events.collect()
            for sample in family.samples
            if sample.name == "vitrine_events_total" and sample.value
        }

    def committable(self) -> dict[tuple[str, int], int]:
        return {partition.source: offset for partition, offset in self.delivery.committable().items()}


def record(value: Any, key: bytes | None = ADA, headers: Any = ()) -> Any:
    data = value if value is None or isinstance(value, bytes) else msgspec.json.encode(value)
    return SimpleNamespace(key=key, value=data, headers=list(headers), timestamp=1_700_000_000_000, offset=0)


def tick(number: int, shopper: str = "ada") -> Tick:
    return Tick(shopper=shopper, number=number)


async def test_events_are_folded_facts_sent_and_a_list_owed_for_the_newest(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()

    entry = await world.read("clicks.v1", HOME, record(tick(1)), record(tick(2)))

    assert len(world.sent.on("pairs.v1")) == 2
    assert world.outcomes() == {("clicks.v1", "folded"): 2}
    assert entry.waits == 1
    assert world.committable() == {}
    await world.score()
    assert [msgspec.json.decode(it[3] or b"")["total"] for it in world.sent.on("recommendations.v1")] == [3]
    assert world.committable() == {("clicks.v1", HOME): 2}


async def test_a_record_that_comes_again_is_not_folded_again_but_owes_its_list(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    await world.read("clicks.v1", HOME, record(tick(1)))
    await world.score()
    partition = world.delivery.close(("clicks.v1", HOME))
    assert partition is not None
    world.delivery.open(partition, 0)

    await world.read("clicks.v1", HOME, record(tick(1)))
    await world.score()

    assert world.outcomes() == {("clicks.v1", "folded"): 1, ("clicks.v1", "redelivered"): 1}
    assert len(world.sent.on("pairs.v1")) == 1
    assert [msgspec.json.decode(it[3] or b"")["total"] for it in world.sent.on("recommendations.v1")] == [1, 1]


async def test_what_a_producer_sends_twice_is_folded_once(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    twice = [("ce_id", b"e1")]

    await world.read("clicks.v1", HOME, record(tick(1), headers=twice), record(tick(1), headers=twice))

    assert world.outcomes() == {("clicks.v1", "folded"): 1, ("clicks.v1", "duplicate"): 1}


async def test_ids_of_one_topic_are_not_forgotten_for_those_of_another(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    await world.read("searches.v1", HOME, record(tick(1), headers=[("ce_id", b"s1")]))
    await world.read("clicks.v1", HOME, *(record(tick(1), headers=[("ce_id", b"%d" % n)]) for n in range(100)))

    await world.read("searches.v1", HOME, record(tick(1), headers=[("ce_id", b"s1")]), at=1)

    assert world.outcomes()["searches.v1", "duplicate"] == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{", b"undecodable"),
        (b"\xff\xfe", b"undecodable"),
        (b'{"shopper":"ada","number":"x"}', b"invalid"),
        (b'{"number":1}', b"invalid"),
        (b'{"x":' + b"[" * 100_000, b"undecodable"),
        (None, b"tombstone"),
    ],
)
async def test_a_bad_record_is_a_dead_letter_and_its_neighbours_are_untouched(
    bad: bytes | None, reason: bytes, tmp_path: Path
) -> None:
    world = await World(Sums(), tmp_path).opened()

    await world.read("clicks.v1", HOME, record(tick(1)), record(bad), record(tick(2)))

    (letter,) = world.sent.on("dlq.clicks.v1")
    assert (letter[2], letter[3]) == (ADA, bad)
    assert letter[4]["__dlq.errors.reason"] == reason
    assert letter[4]["__dlq.errors.offset"] == b"1"
    assert world.outcomes() == {("clicks.v1", "folded"): 2, ("clicks.v1", "dead_letter"): 1}


def track(event: str, **more: Any) -> dict[str, Any]:
    """Return a call as Segment's libraries make it."""
    properties = {"product_id": "lamp", "review_id": "r", "rating": "5"}
    at = "2026-01-01T12:00:00Z"
    return {"type": "track", "event": event, "userId": "ada", "timestamp": at, "properties": properties, **more}


@pytest.mark.parametrize("headers", [[], [("content-type", b"application/json")]])
async def test_an_event_in_other_words_is_folded_and_one_that_tells_nothing_is_ignored(
    headers: Any, tmp_path: Path
) -> None:
    world = await World(Clicks(), tmp_path).opened()
    values = (track("Product Viewed"), track("Cart Viewed"), track("Product Veiwed"), track("Product Added"))

    await world.read("clicks.v1", HOME, *(record(value, headers=headers) for value in values))

    assert world.outcomes() == {
        ("clicks.v1", "folded"): 2,
        ("clicks.v1", "ignored"): 1,
        ("clicks.v1", "dead_letter"): 1,
    }
    assert world.keyspace.shards[HOME].states[ADA].n == 2
    assert world.committable() == {("clicks.v1", HOME): 4}
    (letter,) = world.sent.on("dlq.clicks.v1")
    assert letter[4]["__dlq.errors.field"] == b"$.event"


async def test_an_event_in_other_words_that_is_sent_twice_is_folded_once(tmp_path: Path) -> None:
    world = await World(Clicks(), tmp_path).opened()
    once = record(track("Product Viewed", messageId="m-1"))

    await world.read("clicks.v1", HOME, once, record(msgspec.json.decode(once.value)))

    assert world.outcomes() == {("clicks.v1", "folded"): 1, ("clicks.v1", "duplicate"): 1}


async def test_a_misplaced_event_in_other_words_keeps_its_name_on_its_way(tmp_path: Path) -> None:
    world = await World(Clicks(), tmp_path).opened()
    value = track("Product Viewed", messageId="m-1")
    await world.read("clicks.v1", HOME, record(value, key=None))
    ((_, partition, key, sent, headers),) = world.sent.on("rekey.shoppers.v1")

    await world.read("rekey.shoppers.v1", partition, *(record(sent, key, headers.items()) for _ in range(2)))

    assert (key, partition) == (ADA, HOME)
    assert world.outcomes()["rekey.shoppers.v1", "folded"] == 1
    assert world.outcomes().get(("rekey.shoppers.v1", "duplicate")) == 1


async def test_what_a_mapper_is_told_in_other_words_is_mapped_or_ignored(tmp_path: Path) -> None:
    world = World(Reviews(), tmp_path)

    await world.read("reviews.v1", HOME, record(track("Product Reviewed")), record(track("Product Shared")))
    await world.score()

    assert world.outcomes() == {("reviews.v1", "folded"): 1, ("reviews.v1", "ignored"): 1}
    assert world.committable() == {("reviews.v1", HOME): 2}


@pytest.mark.parametrize(
    ("key", "partition"),
    [(b"bob", partition_of(b"bob", PARTITIONS)), (ADA, (HOME + 1) % PARTITIONS), (None, 0), (b"", 0)],
)
async def test_a_misplaced_record_goes_once_through_the_rekey_topic(
    key: bytes | None, partition: int, tmp_path: Path
) -> None:
    world = await World(Sums(), tmp_path).opened()
    await world.read("clicks.v1", partition, record(tick(5), key=key))
    ((_, place, right, value, headers),) = world.sent.on("rekey.shoppers.v1")
    assert (place, right) == (HOME, ADA)

    await world.read("rekey.shoppers.v1", place, record(value, right, headers.items()))
    await world.score()

    assert world.outcomes() == {("clicks.v1", "rekeyed"): 1, ("rekey.shoppers.v1", "folded"): 1}
    assert world.keyspace.shards[HOME].states[ADA].total == 5
    assert len(world.sent.on("recommendations.v1")) == 1


async def test_a_misplaced_record_that_is_sent_on_twice_is_folded_once(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    origin = Origin("clicks.v1", 0, 7, 1)
    sent_on = [record(tick(5), headers=wire.rekey(origin, [])) for _ in range(2)]

    await world.read("rekey.shoppers.v1", HOME, *sent_on)

    assert world.keyspace.shards[HOME].states[ADA].total == 5
    assert world.outcomes() == {("rekey.shoppers.v1", "folded"): 1, ("rekey.shoppers.v1", "duplicate"): 1}


async def test_the_rekey_topic_refuses_what_this_system_did_not_send(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    stranger = record(tick(5))
    of_no_input = record(tick(5), headers=wire.rekey(Origin("catalog.v1", 0, 7, 1), []))
    misplaced_again = record(tick(5, "bob"), headers=wire.rekey(Origin("clicks.v1", 0, 7, 1), []))

    await world.read("rekey.shoppers.v1", HOME, stranger, of_no_input, misplaced_again)

    assert world.outcomes() == {("rekey.shoppers.v1", "dead_letter"): 3}
    assert not world.keyspace.shards[HOME].dirty


async def test_a_list_that_cannot_be_made_costs_itself_only(tmp_path: Path) -> None:
    world = await World(Poison(), tmp_path).opened()
    await world.read("clicks.v1", HOME, record(tick(1)))
    mallory = partition_of(b"mallory", PARTITIONS)
    await world.read("searches.v1", mallory, record(tick(1, "mallory"), b"mallory"))

    await world.score()

    assert [it[2] for it in world.sent.on("recommendations.v1")] == [ADA]
    assert world.metrics.unscored.labels("sums")._value.get() == 1
    ((_, _, key, value, headers),) = world.sent.on("dlq.searches.v1")
    assert (key, value) == (b"mallory", msgspec.json.encode(tick(1, "mallory")))
    assert (headers["__dlq.errors.stage"], headers["__dlq.errors.reason"]) == (b"score", b"unscored")
    assert headers["__dlq.errors.message"] == b"ValueError('poison')"
    assert world.outcomes() == {("clicks.v1", "folded"): 1, ("searches.v1", "folded"): 1}
    assert world.committable() == {("clicks.v1", HOME): 1, ("searches.v1", mallory): 1}


MALLORY = b"mallory"
THERE = partition_of(MALLORY, PARTITIONS)


async def test_the_letter_of_a_list_is_that_of_its_newest_event(tmp_path: Path) -> None:
    world = await World(Poison(), tmp_path).opened()
    await world.read("clicks.v1", THERE, record(tick(1, "mallory"), MALLORY), record(tick(2, "mallory"), MALLORY))

    await world.score()

    ((_, _, _, value, headers),) = world.sent.on("dlq.clicks.v1")
    assert headers["__dlq.errors.offset"] == b"1"
    assert msgspec.json.decode(value or b"")["number"] == 2


async def test_a_replayed_letter_of_a_folded_event_asks_for_the_list_and_is_not_folded(tmp_path: Path) -> None:
    stage = Poison()
    world = await World(stage, tmp_path).opened()
    await world.read("clicks.v1", THERE, record(tick(5, "mallory"), MALLORY))
    await world.score()
    ((_, _, key, value, headers),) = world.sent.on("dlq.clicks.v1")
    again = wire.replay(Origin("clicks.v1", THERE, 0, 1), list(headers.items()), failed=1, only_output=True)
    stage.mended = True

    await world.read("rekey.shoppers.v1", THERE, record(value, key, again), record(value, key, again))
    await world.score()

    ((_, _, _, made, _),) = world.sent.on("recommendations.v1")
    assert msgspec.json.decode(made or b"") == {"shopper": "mallory", "n": 1, "total": 5, "revision": 1, "epoch": 1}
    assert world.outcomes() == {("clicks.v1", "folded"): 1, ("rekey.shoppers.v1", "reasked"): 2}
    assert len(world.sent.on("pairs.v1")) == 1
    assert world.committable() == {("clicks.v1", THERE): 1, ("rekey.shoppers.v1", THERE): 2}


async def test_a_list_that_fails_again_is_a_letter_that_counts_higher(tmp_path: Path) -> None:
    world = await World(Poison(), tmp_path).opened()
    await world.read("clicks.v1", THERE, record(tick(5, "mallory"), MALLORY))
    again = wire.replay(Origin("clicks.v1", THERE, 0, 1), [], failed=1, only_output=True)

    await world.read("rekey.shoppers.v1", THERE, record(tick(5, "mallory"), MALLORY, again))
    await world.score()

    (letter,) = world.sent.on("dlq.clicks.v1")
    assert letter[4]["__dlq.errors.delivery.count"] == b"2"
    assert letter[4]["__dlq.errors.offset"] == b"0"
    assert not [name for name in letter[4] if name.startswith((wire.REKEY, wire.REPLAY))]


async def test_no_list_is_made_of_a_shopper_who_was_erased(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    again = wire.replay(Origin("clicks.v1", HOME, 0, 1), [], failed=1, only_output=True)

    await world.read("rekey.shoppers.v1", HOME, record(tick(5), headers=again))

    assert world.outcomes() == {("rekey.shoppers.v1", "reasked"): 1}
    assert not world.runner.queue
    assert not world.keyspace.shards[HOME].dirty


async def test_a_replayed_letter_of_an_event_that_was_not_folded_is_folded_once(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    await world.read("clicks.v1", HOME, record(b"{"))
    ((_, _, key, _, headers),) = world.sent.on("dlq.clicks.v1")
    again = wire.replay(Origin("clicks.v1", HOME, 0, 1), list(headers.items()), failed=1)
    mended = [record(tick(5), key, again) for _ in range(2)]

    await world.read("rekey.shoppers.v1", HOME, *mended)
    await world.score()

    assert world.keyspace.shards[HOME].states[ADA].total == 5
    assert len(world.sent.on("recommendations.v1")) == 1
    assert world.outcomes() == {
        ("clicks.v1", "dead_letter"): 1,
        ("rekey.shoppers.v1", "folded"): 1,
        ("rekey.shoppers.v1", "duplicate"): 1,
    }
    (fact,) = world.sent.on("pairs.v1")
    assert fact[4]["ce_id"] == fact_id(Origin("clicks.v1", HOME, 0, 1), "tick").encode()


async def test_a_replayed_letter_that_is_still_bad_is_a_letter_that_counts_higher(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    again = wire.replay(Origin("clicks.v1", 2, 7, 1), [], failed=4)

    await world.read("rekey.shoppers.v1", HOME, record(b"{", headers=again))

    (letter,) = world.sent.on("dlq.clicks.v1")
    counted = {name.removeprefix("__dlq.errors."): value for name, value in letter[4].items()}
    assert (counted["partition"], counted["offset"], counted["delivery.count"]) == (b"2", b"7", b"5")


async def test_a_partition_that_was_taken_away_is_not_folded_on(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    entry = world.delivery.deliver(("clicks.v1", HOME), 0, 1, 1, 1)
    assert entry is not None
    world.delivery.start(entry)
    world.delivery.revoke()

    await world.runner.handle(Batch("clicks.v1", HOME, [record(tick(1))], entry))

    assert world.outcomes() == {}


class Totals(Folder):
    """Sums what pairs say."""

    name = "totals"
    state = Summed
    inputs = (Input(PAIRS, key=lambda it: f"i{it.number % 7}"),)

    def fold(self, state: Summed, event: Tick, origin: Origin) -> Effects:
        del origin
        state.total += event.number
        return Effects()


def told(number: int, offset: int, headers: Any = ()) -> Any:
    """Return a pair of the click at *offset* of partition 0."""
    source = (wire.SOURCE, place("clicks.v1", 0, offset, 0))
    return record(tick(number), f"i{number % 7}".encode(), [source, ("ce_id", b"p%d" % offset), *headers])


async def test_a_fact_that_is_told_again_is_not_folded_again_however_much_came_between(tmp_path: Path) -> None:
    world = await World(Totals(), tmp_path).opened()
    there = partition_of(b"i0", PARTITIONS)

    await world.read("pairs.v1", there, *(told(7, offset) for offset in range(100)))
    await world.read("pairs.v1", there, *(told(7, offset) for offset in range(101)), at=100)

    assert world.keyspace.shards[there].states[b"i0"].total == 101 * 7
    assert world.keyspace.shards[there].states[b"i0"].recent == []
    assert world.outcomes() == {("pairs.v1", "folded"): 101, ("pairs.v1", "duplicate"): 100}


async def test_a_fact_that_is_read_again_is_heard_again(tmp_path: Path) -> None:
    """After a crash states may be there that the ledger knows nothing of: they were written before it."""
    world = await World(Totals(), tmp_path).opened()
    there = partition_of(b"i0", PARTITIONS)
    await world.read("pairs.v1", there, told(7, 5))
    shard = world.keyspace.shards[there]
    shard.ledger = Ledger()
    partition = world.delivery.close(("pairs.v1", there))
    assert partition is not None
    world.delivery.open(partition, 0)

    await world.read("pairs.v1", there, told(7, 5), told(7, 5))

    assert shard.states[b"i0"].total == 7
    assert world.outcomes() == {
        ("pairs.v1", "folded"): 1,
        ("pairs.v1", "redelivered"): 1,
        ("pairs.v1", "duplicate"): 1,
    }


async def test_a_fact_that_the_version_before_folded_is_found_in_its_ring(tmp_path: Path) -> None:
    world = await World(Totals(), tmp_path).opened()
    there = partition_of(b"i0", PARTITIONS)
    state = world.keyspace.shards[there].states[b"i0"]
    state.recent = [[], ["p5"]]

    await world.read("pairs.v1", there, told(7, 5), told(7, 6))

    assert state.total == 7
    assert state.recent == [[], ["p5"]]
    assert world.outcomes() == {("pairs.v1", "folded"): 1, ("pairs.v1", "duplicate"): 1}


async def test_a_fact_that_says_no_place_is_known_by_its_id(tmp_path: Path) -> None:
    world = await World(Totals(), tmp_path).opened()
    there = partition_of(b"i0", PARTITIONS)
    twice = [record(tick(7), b"i0", [(wire.SOURCE, b"?"), ("ce_id", b"p1")]) for _ in range(2)]

    await world.read("pairs.v1", there, *twice)

    assert world.outcomes() == {("pairs.v1", "folded"): 1, ("pairs.v1", "duplicate"): 1}


async def test_a_producer_cannot_say_what_was_heard(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    forged = [(wire.SOURCE, place("clicks.v1", 0, 10**9, 0))]

    await world.read("clicks.v1", HOME, *(record(tick(1), headers=forged) for _ in range(2)))

    assert world.outcomes() == {("clicks.v1", "folded"): 2}


async def test_facts_say_where_their_events_were_read(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    await world.read("clicks.v1", HOME, record(tick(1)), record(tick(2)))
    await world.read("rekey.shoppers.v1", HOME, record(tick(3), headers=wire.rekey(Origin("clicks.v1", 1, 7, 1), [])))
    await world.score()

    places = [it[4][wire.SOURCE] for it in world.sent.on("pairs.v1")]
    assert places == [
        place("clicks.v1", HOME, 0, 0),
        place("clicks.v1", HOME, 1, 0),
        place("rekey.shoppers.v1", HOME, 0, 0),
    ]
    assert not [it for it in world.sent.on("recommendations.v1") if wire.SOURCE in it[4]]


async def test_states_of_a_topic_that_was_made_anew_are_refused(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    shard, runner = world.keyspace.shards[HOME], world.runner
    assert isinstance(runner, FolderRunner)
    runner.recognise(shard)
    world.context.identities = {**world.context.identities, "searches.v1": "another"}

    with pytest.raises(LostRecordsError, match=r"searches.v1 was made anew: .* of c-\d .* set VITRINE_APP_ID"):
        runner.recognise(shard)


async def test_a_misplaced_record_that_is_sent_on_again_is_known_by_its_place(tmp_path: Path) -> None:
    world = await World(Sums(), tmp_path).opened()
    await world.read("clicks.v1", HOME, *(record(tick(n), key=b"bob") for n in range(100)))
    sent = [record(it[3], it[2], it[4].items()) for it in world.sent.on("rekey.shoppers.v1")]
    again = [record(it[3], it[2], it[4].items()) for it in world.sent.on("rekey.shoppers.v1")]

    await world.read("rekey.shoppers.v1", HOME, *sent, *again)

    assert world.keyspace.shards[HOME].states[ADA].n == 100
    assert world.outcomes()["rekey.shoppers.v1", "duplicate"] == 100


async def test_what_a_mapper_tells_leaves_in_the_order_of_the_log(tmp_path: Path) -> None:
    class Slow(Echo):
        """Takes longest for the first of its records."""

        def score(self, jobs: Sequence[Any]) -> Sequence[Any]:
            for event, _ in jobs:
                time.sleep(0.05 if event.number == 0 else 0)
            return jobs

    world = World(Slow(), tmp_path)
    await world.read("reviews.v1", 0, *(record(tick(number)) for number in range(70)), record(b"{"))

    await world.score(callers=3)

    assert [msgspec.json.decode(it[3] or b"")["number"] for it in world.sent.on("sentiments.v1")] == list(range(70))
    assert [it[4][wire.SOURCE] for it in world.sent.on("sentiments.v1")] == [
        place("reviews.v1", 0, offset, 0) for offset in range(70)
    ]
    assert world.committable() == {("reviews.v1", 0): 71}


async def test_a_mapped_record_is_committed_when_its_outputs_are_out(tmp_path: Path) -> None:
    world = World(Echo(), tmp_path)
    await world.read("reviews.v1", 0, record(tick(1)), record(tick(2), key=None))
    assert world.committable() == {}

    await world.score()

    assert len(world.sent.on("sentiments.v1")) == 2
    assert len({it[4]["ce_id"] for it in world.sent.on("sentiments.v1")}) == 2
    assert world.committable() == {("reviews.v1", 0): 2}
    assert world.outcomes() == {("reviews.v1", "folded"): 2}


async def test_a_record_that_no_model_can_score_is_a_dead_letter_by_itself(tmp_path: Path) -> None:
    world = World(PoisonEcho(), tmp_path)
    await world.read("reviews.v1", 0, record(tick(1)), record(tick(13)), record(b"{"), record(tick(2)))

    await world.score()

    assert len(world.sent.on("sentiments.v1")) == 2
    reasons = {it[4]["__dlq.errors.offset"]: it[4]["__dlq.errors.reason"] for it in world.sent.on("dlq.reviews.v1")}
    assert reasons == {b"1": b"unscored", b"2": b"undecodable"}
    assert world.outcomes() == {("reviews.v1", "folded"): 2, ("reviews.v1", "dead_letter"): 2}
    assert world.committable() == {("reviews.v1", 0): 4}


async def test_a_replayed_record_has_the_facts_of_its_first_place(tmp_path: Path) -> None:
    world = World(PoisonEcho(), tmp_path)
    first = Origin("reviews.v1", 3, 7, 1)
    elsewhere = record(tick(2), headers=wire.replay(Origin("clicks.v1", 3, 7, 1), [], failed=1))

    await world.read("reviews.v1", 0, record(tick(1), headers=wire.replay(first, [], failed=1)), elsewhere)
    await world.read("reviews.v1", 1, record(tick(13), headers=wire.replay(first, [], failed=1)))
    await world.score()

    places = (first, Origin("reviews.v1", 0, 1, 1))
    assert [it[4]["ce_id"] for it in world.sent.on("sentiments.v1")] == [fact_id(it, "echo").encode() for it in places]
    (letter,) = world.sent.on("dlq.reviews.v1")
    counted = {name.removeprefix("__dlq.errors."): value for name, value in letter[4].items()}
    assert (counted["partition"], counted["offset"], counted["delivery.count"]) == (b"3", b"7", b"2")


def test_a_builder_of_aiokafka_takes_any_first_record() -> None:
    assert BatchBuilder(100, 0).append(timestamp=None, key=b"k", value=b"x" * 10_000) is not None
