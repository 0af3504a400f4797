"""`vitrine state` on the embedded broker."""

import json
from collections.abc import Callable, Iterator

import msgspec
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer

from agents.__main__ import main
from agents.broker import EmbeddedBroker
from agents.engine.formats import EPOCH, EPOCH_HEADER, FENCE_KEY
from agents.intake import partition_of
from agents.items.state import Item
from agents.outcomes.state import Memory
from agents.shoppers.profile import Profile, Searched, Touched
from agents.wiring import FOLDERS

PARTITIONS = 3
TOPIC = "shop-{}-changelog"
NOON = 1_772_366_400_000
Run = Callable[..., Result]


def append(  # noqa: PLR0917  a record, field by field
    bootstrap: str, processor: str, key: bytes, epoch: int, value: bytes | None, partition: int
) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    head = EPOCH.pack(epoch)
    producer.produce(
        TOPIC.format(processor),
        None if value is None else head + value,
        key,
        partition,
        timestamp=NOON,
        headers=[(EPOCH_HEADER, head)] if value is None else None,
    )
    assert producer.flush(30) == 0


@pytest.fixture(scope="module")
def bootstrap() -> Iterator[str]:
    with EmbeddedBroker({TOPIC.format(name): PARTITIONS for name in FOLDERS}) as broker:

        def put(processor: str, key: str, epoch: int, state: object) -> None:
            value = None if state is None else msgspec.msgpack.encode(state)
            append(broker.bootstrap, processor, key.encode(), epoch, value, partition_of(key.encode(), PARTITIONS))

        for n in range(PARTITIONS):
            append(broker.bootstrap, "shoppers", FENCE_KEY, 1, b"", n)
        touches = [Touched(NOON, 4, "lamp\x1b[2J", 1), Touched(NOON + 1, 5, "vase", 3)]
        ann = Profile(
            offsets=[-1, 41, 7], revision=9, newest=NOON, touches=touches, queries=[Searched(NOON, 1, "灯 lamp")]
        )
        put("shoppers", "ann", 1, Profile(offsets=[-1, 3], revision=1))
        put("shoppers", "ann", 2, ann)
        put("shoppers", "ann", 1, Profile(offsets=[-1, 99], revision=99))
        put("shoppers", "gone", 2, ann)
        put("shoppers", "gone", 2, None)
        put("shoppers", "other", (4 << 24) + 1, ann)
        put("items", "kitchen-07", 1, Item(offsets=[0, 1, 2, 3], revision=6, item="kitchen-07", at=NOON, views=12))
        put("outcomes", "ann", 1, Memory(offsets=[0, 1, 2], revision=3))
        yield broker.bootstrap


@pytest.fixture
def run(bootstrap: str) -> Run:
    return lambda *arguments: CliRunner().invoke(main, ["state", *arguments, "--broker", bootstrap, "--app-id", "shop"])


def test_a_shopper_is_shown_as_the_owner_wrote_it(run: Run) -> None:
    result = run("get", "ann", "--json")

    assert result.exit_code == 0
    it = json.loads(result.stdout)
    assert (it["revision"], it["epoch"], it["records"], it["fenced"]) == (9, 2, 3, 1)
    assert it["sources"] == {"rekey.shoppers.v1": -1, "clicks.v1": 41, "searches.v1": 7}
    assert it["written"] == "2026-03-01T12:00:00Z"
    assert [touch["item"] for touch in it["state"]["touches"]] == ["lamp\x1b[2J", "vase"]
    assert it["partition"] == partition_of(b"ann", PARTITIONS)


def test_a_person_reads_names_and_times_and_nothing_that_a_terminal_obeys(run: Run) -> None:
    result = run("get", "ann")

    assert result.exit_code == 0
    first, written, read, *fields = result.stdout.splitlines()
    assert first.startswith("ann: shoppers, revision 9, epoch 2, ")
    assert written.startswith("written 2026-03-01 12:00:00 at shop-shoppers-changelog[")
    assert written.endswith("; 3 of its records are there, 1 of former owners")
    assert read == "folded last: clicks.v1 41, searches.v1 7"
    assert "newest: 2026-03-01 12:00:00" in fields
    assert "  at 2026-03-01 12:00:00, order 4, item lamp\\x1b[2J, kind 1" in fields
    assert "queries (1): at 2026-03-01 12:00:00, order 1, text 灯 lamp" in fields


@pytest.mark.parametrize(
    ("key", "processor", "field", "value"),
    [("kitchen-07", "items", "views", 12), ("ann", "outcomes", "listed", [])],
)
def test_other_processors_have_states_too(run: Run, key: str, processor: str, field: str, value: object) -> None:
    result = run("get", key, "--processor", processor, "--json")

    assert json.loads(result.stdout)["state"][field] == value


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("nobody", "nothing is kept of nobody: shop-shoppers-changelog["),
        ("gone", "nothing is kept of gone: its state left, as shop-shoppers-changelog["),
        ("other", "the state of other is of format 5, this version knows format 1: run the"),
    ],
)
def test_what_is_not_there_is_said(run: Run, key: str, why: str) -> None:
    result = run("get", key)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert why in result.stderr


def test_a_changelog_that_is_not_there_is_bad_usage(bootstrap: str) -> None:
    result = CliRunner().invoke(main, ["state", "stats", "--broker", bootstrap, "--app-id", "none"])

    assert result.exit_code == 2
    assert "there is no topic none-shoppers-changelog on the broker" in result.stderr


def test_numbers_are_told_by_partition_and_in_all(run: Run) -> None:
    result = run("stats", "--json")

    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert list(found) == list(FOLDERS)
    shoppers = found["shoppers"]
    assert [it["partition"] for it in shoppers["partitions"]] == [0, 1, 2]
    whole = shoppers["total"]
    assert (whole["keys"], whole["records"], whole["fences"], whole["tombstones"], whole["fenced"]) == (2, 9, 3, 1, 1)
    assert whole["bytes"] == sum(it["bytes"] for it in shoppers["partitions"])
    assert {it["key"] for it in whole["biggest"]} == {"ann", "other"}
    assert found["items"]["total"]["records_per_key"] == 1.0


def test_numbers_are_a_table_for_a_person(run: Run) -> None:
    result = run("stats", "--processor", "shoppers")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith("shoppers: 2 states, ")
    assert lines[1].split() == [
        *("partition", "states", "bytes", "records", "per", "state", "tombstones", "fences", "fenced"),
        *("unreadable", "epoch", "written"),
    ]
    assert [line.split()[0] for line in lines[2:6]] == ["0", "1", "2", "all"]
    assert lines[6].startswith("biggest: ")
