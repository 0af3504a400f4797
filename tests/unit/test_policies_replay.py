"""In a replay policies hold from where they stand in the log, until they are ended."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from agents.__main__ import main
from agents.intake import partition_of
from agents.items.agent import Items
from agents.replay.driver import Replayer
from agents.replay.errors import BrokerError
from agents.replay.log import LogRecord, encode
from agents.replay.sequence import merge
from agents.shoppers.agent import Shoppers
from schemas.clicks import View
from schemas.policies import Hide, Pin
from tests.doubles import MODELS
from tests.shoppers import START, STEADY, after, facts

PARTITIONS = 4
EVENTS = (1, 3, 5, 7, 9)
"""Seconds after the start at which the shopper looks at something."""


def record(topic: str, key: str, value: Any, at: datetime, offset: int) -> LogRecord:
    encoded = value if value is None or isinstance(value, bytes) else msgspec.json.encode(value)
    timestamp = round(at.timestamp() * 1000)
    return LogRecord(topic, partition_of(key.encode(), PARTITIONS), offset, timestamp, key.encode(), encoded)


def log(*policies: tuple[float, Any]) -> list[LogRecord]:
    """Return a log of a shop; *policies*: second and value of each record under the key `sale`."""
    found = [record("policies.v1", "sale", value, after(second), n) for n, (second, value) in enumerate(policies)]
    found += [record("catalog.v1", item, facts(item), START, n) for n, item in enumerate(("a", "b", "c", "d"))]
    found += [
        record("clicks.v1", "ann", View(shopper="ann", item="a", at=after(second)), after(second), n)
        for n, second in enumerate(EVENTS)
    ]
    return found


def replayed(records: list[LogRecord], *wanted: str) -> tuple[list[Any], Replayer]:
    """Return the lists, and who made them."""
    out: list[LogRecord] = []
    stages = (Shoppers(MODELS, STEADY), Items(MODELS))
    replayer = Replayer(stages, partitions=PARTITIONS, emit=out.append, wanted=wanted or ["recommendations.v1"])
    for it in merge(records).records:
        replayer.feed(it)
    return [msgspec.json.decode(it.value or b"") for it in out], replayer


def test_a_policy_holds_from_its_time_until_it_is_replaced_and_until_it_is_ended() -> None:
    hide = Hide(policy="sale", at=after(2), items=("b", "c"))
    pin = Pin(policy="sale", at=after(4), items=("d",), slot=0)

    lists, replayer = replayed(log((2, hide), (4, pin), (6, b'{"kind":"pin"'), (8, None)))

    before, hidden, pinned, kept, ended = ([(slot["item"], slot["source"]) for slot in it["slots"]] for it in lists)
    assert {item for item, _ in before} == {"a", "b", "c", "d"}
    assert {item for item, _ in hidden} == {"a", "d"}
    assert pinned[0] == kept[0] == ("d", "pin")
    assert {item for item, _ in pinned} == {"a", "b", "c", "d"}
    assert [item for item, _ in ended] == [item for item, _ in before]
    assert {source for _, source in ended} == {source for _, source in before}
    assert replayer.outcomes["shoppers", "policies.v1", "applied"] == 3
    assert replayer.outcomes["shoppers", "policies.v1", "undecodable"] == 1


def test_the_order_of_the_file_does_not_matter() -> None:
    records = log((2, Hide(policy="sale", at=after(2), items=("b",))), (8, None))

    assert replayed(records)[0] == replayed(records[::-1])[0]


def test_the_command_tells_of_policies_that_can_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.commands.replay.load", lambda *_, **__: MODELS)
    (tmp_path / "log").write_bytes(b"".join(map(encode, log((2, Hide(policy="sale", at=after(2))), (4, b"{")))))

    done = CliRunner().invoke(
        main,
        ["replay", str(tmp_path / "log"), "--out", str(tmp_path / "out"), "--partitions", str(PARTITIONS), "--json"],
    )

    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["outcomes"]["shoppers"]["applied"], told["outcomes"]["shoppers"]["undecodable"]) == (1, 1)
    assert told["left_out"] == {}


def test_policies_are_sent_with_what_a_shop_produces(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"".join(map(encode, log((2, Hide(policy="sale", at=after(2))), (8, None)))))

    done = CliRunner().invoke(main, ["produce", str(tmp_path / "log"), "--dry-run", "--json"])

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["would_write"] == {"catalog.v1": 4, "clicks.v1": 5, "policies.v1": 2}


def test_policies_are_recorded_with_what_a_shop_produces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def recorder(_: str, topics: list[str]) -> Any:
        asked.extend(topics)
        raise BrokerError

    monkeypatch.setattr("agents.commands.record.Recorder", recorder)
    CliRunner().invoke(main, ["record", "--out", str(tmp_path / "out"), "--prefix", "shop."])

    assert "shop.policies.v1" in asked
