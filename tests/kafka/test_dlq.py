"""Dead letters on a real Kafka, from a bad record to the list that arrives in the end."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Producer

from agents import headers as wire
from agents.__main__ import main
from agents.intake import partition_of
from agents.replay.errors import BrokerError
from agents.replay.kafka import Outgoing
from agents.replay.log import Headers, LogRecord
from agents.replay.transaction import Transactions
from schemas.dead_letters import DeadLetter
from tests.deployment import Deployment
from tests.poisoned_worker import MALLORY, POISON

AT = "2026-01-01T12:00:00Z"

pytestmark = pytest.mark.timeout(180)


class Shop(Deployment):
    """A worker of `tests.poisoned_worker`, and `vitrine dlq` beside it."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        self.mended = folder / "mended"
        super().__init__(
            bootstrap, f"{prefix}dlq", folder, VITRINE_COMMIT_INTERVAL="PT0.3S", TEST_MENDED=str(self.mended)
        )
        self.run("topics", "apply")

    def dlq(self, *arguments: str, text: str | bytes = "", code: int = 0) -> Result:
        prefix = self.settings.topic_prefix
        where = ("--broker", self.settings.broker, "--prefix", prefix)
        result = CliRunner().invoke(main, ["dlq", arguments[0], *where, *arguments[1:]], input=text)
        assert result.exit_code == code, result.output
        return result

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.dlq(*arguments, "--json", code=code).stdout)

    def letters(self, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(it) for it in self.dlq("list", "--each", "--json", *arguments).stdout.splitlines()]

    def click(self, shopper: str, value: Any = None, headers: Headers = ()) -> None:
        body = value if isinstance(value, bytes) else json.dumps(view(shopper) | (value or {})).encode()
        self.produce([LogRecord("clicks.v1", 0, 0, 0, shopper.encode(), body, headers)], 1e9)

    def until(self, holds: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        """Wait until *holds*, and nothing is left to be read."""
        end = time.monotonic() + 60
        while not holds():
            assert process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < end, self.log.read_text()[-3000:]
            time.sleep(0.2)
        self.wait_done(process)

    def lists(self, shopper: str) -> list[tuple[int, int]]:
        """Return epoch and revision of the lists of a shopper."""
        return [(it.epoch, it.revision) for it in self.records("recommendations.v1") if it.shopper == shopper]

    def _command(self, *arguments: str) -> list[str]:  # type: ignore[override]
        return (
            [sys.executable, "-m", "tests.poisoned_worker"]
            if arguments == ("worker",)
            else super()._command(*arguments)
        )


def view(shopper: str) -> dict[str, Any]:
    return {"kind": "view", "shopper": shopper, "item": "lamp", "at": AT}


@pytest.fixture
def shop(kafka: str, prefix: str, tmp_path: Path) -> Shop:
    return Shop(kafka, prefix, tmp_path)


@pytest.fixture
def worker(shop: Shop) -> Iterator[subprocess.Popen[bytes]]:
    with shop.worker() as process:
        yield process


def test_a_bad_record_is_shown_mended_and_folded_once(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    shop.click("ada", b'{"kind": "view", "shopper": "ada" oops')
    shop.until(lambda: len(shop.read("dlq.clicks.v1")) == 1, worker)
    (letter,) = shop.letters()
    place = letter["letter"]
    told = shop.dlq("show", place).stdout
    assert (letter["stage"], letter["reason"], letter["state"]) == ("decode", "undecodable", "open")
    assert "oops" in told
    assert "expected ',' or '}'" in told
    assert shop.json("replay", place, code=1)["left"] == {"still undecodable": 1}

    mended = shop.dlq("show", place, "--raw").stdout_bytes.replace(
        b'" oops', f'", "item": "lamp", "at": "{AT}"}}'.encode()
    )
    shop.dlq("replay", place, "--value", "-", text=mended)
    again = shop.json("replay", place)

    assert again["sent"] == {}
    shop.until(lambda: len(shop.lists("ada")) == 1, worker)
    (sent,) = shop.read("rekey.shoppers.v1")
    shop.produce([LogRecord("rekey.shoppers.v1", 0, 0, 0, sent.key(), sent.value(), tuple(sent.headers()))], 1e9)
    shop.until(lambda: len(shop.read("rekey.shoppers.v1")) == 2, worker)
    assert [revision for _, revision in shop.lists("ada")] == [1]
    assert len(shop.read("pairs.v1")) == 1
    assert shop.json("list") == {"open": 0, "replayed": 1, "dropped": 0, "groups": []}
    assert "state    replayed" in shop.dlq("show", place).stdout


def test_a_list_that_no_model_could_make_arrives_when_it_is_mended_and_nothing_is_folded_twice(
    shop: Shop, worker: subprocess.Popen[bytes]
) -> None:
    shop.click(MALLORY)
    shop.produce([LogRecord("reviews.v1", 0, 0, 0, b"eve", json.dumps(review()).encode(), ())], 1e9)
    shop.until(lambda: len(shop.letters("--stage", "score")) == 2, worker)
    assert shop.lists(MALLORY) == []

    first = shop.json("replay", "--reason", "unscored")
    shop.until(lambda: {it["attempt"] for it in shop.letters()} == {2}, worker)
    shop.mended.touch()
    second = shop.json("replay", "--stage", "score")
    shop.until(lambda: len(shop.lists(MALLORY)) == 1 and len(shop.read("sentiments.v1")) == 1, worker)

    assert first == second
    assert second["sent"] == {"rekey.shoppers.v1": 1, "reviews.v1": 1}
    assert (second["to_fold"], second["only_output"], second["left"]) == (1, 1, {})
    assert [revision for _, revision in shop.lists(MALLORY)] == [1]
    assert len([it for it in shop.read("pairs.v1") if it.key() == b"lamp"]) == 1
    assert shop.letters() == []


def review() -> dict[str, Any]:
    return {"review_id": "r1", "shopper": "eve", "item": "lamp", "text": f"{POISON} good", "at": AT}


def test_many_letters_are_mended_at_once_and_the_rest_is_dropped(shop: Shop, worker: subprocess.Popen[bytes]) -> None:
    for n in range(40):
        shop.click("ada", {"item": n})
    shop.click("bob", b"\xff")
    shop.until(lambda: len(shop.letters()) == 41, worker)
    (most, least) = shop.json("list")["groups"]
    assert (most["letters"], most["field"], least["letters"]) == (40, "$.item", 1)

    looked = shop.json("replay", "--field", "$.item", "--set", 'item="lamp"', "--dry-run")
    part = shop.json("replay", "--field", "$.item", "--set", 'item="lamp"', "--limit", "30")
    rest = shop.json("replay", "--open", "--set", 'item="lamp"', code=1)
    shop.until(lambda: shop.lists("ada")[-1:] == [(shop.lists("ada")[0][0], 40)], worker)

    assert looked["would_send"] == {"rekey.shoppers.v1": 40}
    assert part["sent"] == {"rekey.shoppers.v1": 30}
    assert (rest["sent"], rest["left"]) == ({"rekey.shoppers.v1": 10}, {"not to be mended so": 1})
    assert "say --yes" in shop.dlq("drop", "--reason", "undecodable", code=2).output
    assert shop.json("drop", "--reason", "undecodable", "--yes")["dropped"] == {"clicks.v1 undecodable": 1}
    assert shop.json("list") == {"open": 0, "replayed": 40, "dropped": 1, "groups": []}
    assert {it["state"] for it in shop.letters("--all", "--topic", "clicks.v1")} == {"replayed", "dropped"}
    assert "no open letter is such" in shop.dlq("drop", "--open", "--yes").stderr


# -- without a worker


def refused(offset: int, count: int = 1) -> LogRecord:
    """Return the letter of a record that can be read by now."""
    why = DeadLetter(
        topic="clicks.v1",
        partition=0,
        offset=offset,
        timestamp=1,
        stage="decode",
        reason="undecodable",
        message="m",
        delivery_count=count,
    )
    return LogRecord(
        "dlq.clicks.v1", 0, 0, 0, b"ada", json.dumps(view("ada")).encode(), tuple(wire.dead_letter(why, ()))
    )


def test_copies_of_a_letter_are_sent_once_and_never_again(shop: Shop) -> None:
    shop.produce([refused(1), refused(2), refused(1)], 1e9)

    assert len(shop.letters()) == 2
    assert shop.json("replay", "--open")["letters"] == 2
    shop.produce([refused(1), refused(2, 2)], 1e9)
    assert [it["attempt"] for it in shop.letters()] == [2]
    assert shop.json("replay", "--open")["letters"] == 1
    assert len(shop.read("rekey.shoppers.v1")) == 3
    assert sorted(it.key() for it in shop.read("dlq-handled.v1")) == [
        b"clicks.v1/0/1/1",
        b"clicks.v1/0/2/1",
        b"clicks.v1/0/2/2",
    ]


def test_a_letter_that_was_dropped_can_be_replayed_by_its_place_only(shop: Shop) -> None:
    shop.produce([refused(1)], 1e9)
    (letter,) = shop.letters()
    shop.dlq("drop", letter["letter"], "--yes")

    assert shop.json("replay", "--open")["letters"] == 0
    assert shop.json("replay", letter["letter"])["letters"] == 1
    assert shop.json("list")["replayed"] == 1


def test_a_record_is_sent_with_its_mark_or_not_at_all(shop: Shop) -> None:
    name = f"{shop.settings.topic_prefix}vitrine-dlq"
    shop.produce([refused(1)], 1e9)
    first = Transactions(shop.settings.broker, name)
    first.send([outgoing(shop, b"one")])

    assert shop.json("replay", "--open")["letters"] == 1
    with pytest.raises(BrokerError, match="took over"):
        first.send([outgoing(shop, b"two")])
    assert sorted(it.key() for it in shop.read("rekey.shoppers.v1")) == [b"ada", b"one"]


def test_what_a_command_that_died_had_begun_is_not_there_and_can_be_done_again(shop: Shop) -> None:
    shop.produce([refused(1)], 1e9)
    dying = Producer(
        {
            "log_level": 0,
            "bootstrap.servers": shop.settings.broker,
            "transactional.id": f"{shop.settings.topic_prefix}vitrine-dlq",
        }
    )
    dying.init_transactions(30)
    dying.begin_transaction()
    for topic in ("rekey.shoppers.v1", "dlq-handled.v1"):
        dying.produce(shop.settings.topic_prefix + topic, b"half", b"ada", partition=partition_of(b"ada", 4))
    dying.flush(30)

    assert shop.json("replay", "--open")["letters"] == 1
    assert [it.key() for it in shop.read("rekey.shoppers.v1")] == [b"ada"]
    assert shop.json("list") == {"open": 0, "replayed": 1, "dropped": 0, "groups": []}


def outgoing(shop: Shop, key: bytes) -> Outgoing:
    return Outgoing(f"{shop.settings.topic_prefix}rekey.shoppers.v1", 0, None, key, None, ())


def test_a_place_without_a_letter_is_told_what_is_there(shop: Shop) -> None:
    assert "no letter lies there; the partition is empty" in shop.dlq("show", "dlq.clicks.v1/0/0", code=2).output
    assert "has no partition 9" in shop.dlq("replay", "dlq.clicks.v1/9/0", code=2).output


def test_a_broker_without_these_topics_is_told_what_makes_them(kafka: str) -> None:
    result = CliRunner().invoke(main, ["dlq", "list", "--broker", kafka, "--prefix", "nobody."])

    assert (result.exit_code, "`vitrine topics apply`" in result.output) == (2, True)
