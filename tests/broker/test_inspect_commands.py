"""`vitrine tail` and `vitrine explain` on the embedded broker, with what the agents make of a few events."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer

from agents.__main__ import main
from agents.broker import EmbeddedBroker
from agents.intake import partition_of
from agents.replay.log import LogRecord, decode
from agents.shoppers.options import Options
from agents.topics import CATALOG, CLICKS, COPY, DECISIONS, RECOMMENDATIONS, SEARCHES
from schemas.clicks import Click
from schemas.searches import Search
from tests.shoppers import START, World, after, facts

PARTITIONS = 3
TOPICS = [CATALOG, CLICKS, SEARCHES, RECOMMENDATIONS, DECISIONS, COPY]
Run = Callable[..., Result]


def produce(bootstrap: str, records: list[tuple[str, str, bytes]]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for topic, key, value in records:
        producer.produce(topic, value, key, partition_of(key.encode(), PARTITIONS), headers=[("ce_id", b"e-1")])
    assert producer.flush(30) == 0


@contextmanager
def shop(options: Options, others: int) -> Iterator[str]:
    """Run a broker on which ann looked for lamps, among *others* lists of somebody else in her partition."""
    world = World(options)
    shelf = [facts(f"l{n}", f"brass lamp {n}", price=9.5) for n in range(12)]
    world.stock(*shelf)
    neighbour = next(
        name
        for name in map(str, range(100))
        if partition_of(name.encode(), PARTITIONS) == partition_of(b"ann", PARTITIONS)
    )
    events = [Search(shopper="ann", query="lamp", at=START), Click(shopper="ann", item="l3", at=after(1))]
    records = [(CATALOG.name, it.item, msgspec.json.encode(it)) for it in shelf]
    records += [
        (SEARCHES.name, "ann", msgspec.json.encode(events[0])),
        (CLICKS.name, "ann", msgspec.json.encode(events[1])),
    ]
    for event in events:
        world.feed(event)
        records += [(output.topic.name, "ann", msgspec.json.encode(output.value)) for output in world.outputs("ann")]
    world.feed(Click(shopper=neighbour, item="l1", at=START))
    for _ in range(others):
        records += [
            (output.topic.name, neighbour, msgspec.json.encode(output.value)) for output in world.outputs(neighbour)
        ]
    with EmbeddedBroker({topic.name: PARTITIONS for topic in TOPICS}) as broker:
        produce(broker.bootstrap, records)
        yield broker.bootstrap


@pytest.fixture
def bootstrap() -> Iterator[str]:
    with shop(Options(explore=0), others=150) as it:
        yield it


@pytest.fixture
def run(bootstrap: str) -> Run:
    return lambda name, *arguments: CliRunner().invoke(main, [name, *arguments, "--broker", bootstrap])


def test_the_newest_list_is_explained_behind_many_of_others(run: Run) -> None:
    result = run("explain", "ann", "--item", "l3", "--json")

    it = json.loads(result.stdout)
    assert result.exit_code == 0
    assert it["sound"]
    assert it["list"]["revision"] == 2
    assert [one["item"] for one in it["items"]] == [slot["item"] for slot in it["list"]["slots"]]
    assert all(one["recomputed"] == one["score"] for one in it["items"])
    assert it["items"][0]["copy"]["recommendation_id"] == it["list"]["recommendation_id"]
    assert [event["words"] for event in it["events"]] == ["searched for “lamp”", "click l3"]
    assert it["titles"]["l3"] == "brass lamp 3"
    assert it["verdict"]["item"] == "l3"


def test_an_explanation_in_words_ends_with_the_check(run: Run) -> None:
    text = run("explain", "ann").stdout

    assert "What led here" in text
    assert "brass lamp" in text
    assert text.rstrip().endswith("Checked: each of the 12 scores is the sum of its parts, made anew from the record.")


def test_an_earlier_list_is_explained_by_its_id(run: Run) -> None:
    older = json.loads(run("tail", "recommendations", "--key", "ann", "--from", "-2", "--count", "1", "--json").stdout)
    name = json.loads(older["payload"])["recommendation_id"]

    it = json.loads(run("explain", "ann", "--id", name, "--json").stdout)

    assert (it["list"]["recommendation_id"], it["list"]["revision"]) == (name, 1)
    assert [event["words"] for event in it["events"]] == ["searched for “lamp”"]
    assert it["sound"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("bob",), "there is no list of bob: no click, search or request"),
        (("ann", "--placement", "cart"), "there is no list of ann for cart"),
        (("ann", "--id", "r-0"), "there is no list r-0 of ann"),
    ],
)
def test_a_list_that_is_not_there_ends_with_1(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run("explain", *arguments)

    assert result.exit_code == 1
    assert message in result.stderr


def test_a_list_without_a_decision_says_which_setting_decides_that() -> None:
    with shop(Options(explore=0, decisions=0.0), others=3) as bootstrap:
        result = CliRunner().invoke(main, ["explain", "ann", "--broker", bootstrap])

    assert result.exit_code == 1
    assert "no decision of this list is recorded" in result.stdout
    assert "VITRINE_DECISIONS" in result.stderr


def test_the_end_of_several_topics_is_told_a_line_a_record(run: Run) -> None:
    result = run("tail", "clicks,searches", "recommendations.v1", "--key", "ann", "--from", "-5", "--count", "4")

    _, *lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert sorted(line.split()[1] for line in lines) == [
        "clicks.v1",
        "recommendations.v1",
        "recommendations.v1",
        "searches.v1",
    ]
    assert any("click l3" in line for line in lines)
    assert "\x1b" not in result.stdout


def test_lines_of_json_are_those_of_a_log(run: Run) -> None:
    result = run("tail", "clicks", "--from", "beginning", "--key", "ann", "--count", "1", "--json")

    record = decode(result.stdout.encode())
    assert isinstance(record, LogRecord)
    assert (record.topic, record.key, record.headers) == ("clicks.v1", b"ann", (("ce_id", b"e-1"),))


def test_headers_are_shown_on_demand(run: Run) -> None:
    assert "    ce_id: e-1" in run("tail", "clicks", "--from", "1h", "--count", "1", "--headers").stdout


def test_new_records_are_followed_until_an_interrupt(bootstrap: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("wb") as file:
        arguments = ("tail", "searches", "--broker", bootstrap)
        process = subprocess.Popen([sys.executable, "-m", "agents", *arguments], stdout=file, env=dict(os.environ))
    query = Search(shopper="bob", query="late", at=START)
    while b"searched for" not in out.read_bytes():
        produce(bootstrap, [(SEARCHES.name, "bob", msgspec.json.encode(query))])
        assert process.poll() is None

    process.send_signal(signal.SIGINT)

    assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("clickz",), "there is no topic clickz on the broker"),
        (("clicks", "--from", "noon"), "'noon' is no start: expected end, beginning, -N"),
        (("clicks", "--prefix", "shop."), "topics with the prefix shop.: none"),
    ],
)
def test_what_cannot_be_tailed_ends_with_2_and_the_cure(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run("tail", *arguments)

    assert result.exit_code == 2
    assert message in result.stderr


def test_no_broker_is_bad_usage() -> None:
    for arguments in (("tail", "clicks"), ("explain", "ann")):
        result = CliRunner().invoke(main, [*arguments, "--broker", "127.0.0.1:1"])

        assert result.exit_code == 2
        assert "no broker answers at 127.0.0.1:1" in result.stderr


def test_a_list_is_the_newest_whatever_came_last(bootstrap: str, run: Run) -> None:
    zombie = json.loads(run("tail", "recommendations", "--key", "ann", "--from", "-2", "--count", "1", "--json").stdout)
    produce(bootstrap, [(RECOMMENDATIONS.name, "ann", zombie["payload"].encode())])

    it = json.loads(run("explain", "ann", "--json").stdout)

    assert it["list"]["revision"] == 2
